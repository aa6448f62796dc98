import { readFileSync } from 'node:fs';
import { accessible, expect, hydrated, signUp, test } from '../support/fixtures';

test('a shared receipt is checked by the server, by the browser again, and is gone once withdrawn', async ({ page, browser, baseURL }) => {
  await signUp(page);
  await hydrated(page);
  await page.getByRole('button', { name: 'Generate test receipt' }).click();
  await page.waitForURL('**/receipts/rcpt_*');
  const receipt = page.url();
  await page.getByLabel('Show the contents too').check();
  await page.getByRole('button', { name: 'Make a link' }).click();
  const link = await page.getByRole('link', { name: 'Open it' }).getAttribute('href');
  const path = new URL(link ?? '').pathname;

  const stranger = await browser.newContext({ javaScriptEnabled: false, baseURL });
  const plain = await stranger.newPage();
  await plain.goto(path);
  await expect(plain.getByText('Verified by this server')).toBeVisible();
  await expect(plain.getByText('Ada Example')).toBeVisible();

  await page.goto(path);
  await hydrated(page);
  await expect(page.getByText('Verified, on this machine')).toBeVisible();
  await accessible(page);

  await page.goto(receipt);
  await hydrated(page);
  await page.getByRole('button', { name: 'Withdraw the link' }).click();
  await expect(page.getByRole('button', { name: 'Make a link' })).toBeVisible();
  await plain.goto(path);
  await expect(plain.getByText('There is no receipt here')).toBeVisible();
  await stranger.close();
});

test('the text of a receipt is pasted, and verified in the browser; a changed one is not', async ({ page }) => {
  const text = readFileSync('../app/src/verify/sample.certnode', 'utf8');
  await page.goto('/verify');
  await hydrated(page);
  await page.getByText('Paste its text instead').click();
  await page.getByLabel('Bundle', { exact: true }).fill(text);
  await expect(page.getByText('Verified, on this machine')).toBeVisible();
  await expect(page.getByText('Receipt signed by')).toBeVisible();
  await page.getByLabel('Bundle', { exact: true }).fill(text.replace('1250.00', '9250.00'));
  await expect(page.getByText('Not verified: “The contents are what was committed to” does not hold')).toBeVisible();
  await page.getByLabel('Bundle', { exact: true }).fill('no bundle');
  await expect(page.getByText('Not verified: “The file is a receipt bundle” does not hold')).toBeVisible();
});

test('a period is exported, and verified in the browser', async ({ page }, info) => {
  await signUp(page);
  await hydrated(page);
  await page.getByRole('button', { name: 'Generate test receipt' }).click();
  await page.waitForURL('**/receipts/rcpt_*');
  await page.goto('/receipts');
  await hydrated(page);
  await page.getByText('Export a period').click();
  const today = new Date().toISOString().slice(0, 10);
  await page.getByLabel('First day (UTC)').fill(today);
  await page.getByLabel('Last day (UTC)').fill(today);
  const [download] = await Promise.all([page.waitForEvent('download'), page.getByRole('button', { name: 'Export' }).click()]);
  const file = info.outputPath(download.suggestedFilename());
  await download.saveAs(file);
  await page.goto('/verify');
  await hydrated(page);
  await page.locator('#file').setInputFiles(file);
  await expect(page.getByText('Verified, on this machine')).toBeVisible();
  await expect(page.getByText('No entry is missing, changed or added')).toBeVisible();
  await accessible(page);
});
