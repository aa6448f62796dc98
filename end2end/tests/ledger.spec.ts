import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { accessible, expect, hydrated, signUp, test } from '../support/fixtures';

test('the ledger grows while one watches, and proves in the browser that it only grew', async ({ page }) => {
  await signUp(page);
  await hydrated(page);
  await page.goto('/ledger');
  await hydrated(page);
  await expect(page.getByText('Nothing in this log yet')).toBeVisible();

  await page.goto('/dashboard');
  await hydrated(page);
  await page.getByRole('button', { name: 'Create key' }).click();
  // Until the key is there, the command has a placeholder in its place.
  await expect(page.getByLabel('Your API key', { exact: true })).toBeVisible();
  const command = await page.getByLabel('Command to send a receipt').innerText();
  const send = (key: string) => {
    const run = command.replace(/^curl /, 'curl -s ').replace('order-1001\'', `${key}'`);
    expect(JSON.parse(execFileSync('bash', ['-c', run]).toString())).toMatchObject({ status: 'included' });
  };
  send('first');

  await page.goto('/ledger');
  await hydrated(page);
  await expect(page.locator('[data-figure=entries]')).toHaveText('2');
  const root = await page.locator('[data-figure=root]').innerText();
  await expect(page.getByRole('table', { name: 'Recent checkpoints' }).getByRole('row')).toHaveCount(2);

  // Another receipt, from elsewhere: size, root, tree and history follow by themselves.
  send('second');
  await expect(page.locator('[data-figure=entries]')).toHaveText('3');
  await expect(page.locator('[data-figure=root]')).not.toHaveText(root);
  await expect(page.getByText('The 3 entries stand in 2 full blocks: of 2 and 1.').last()).toBeVisible();
  await expect(page.getByRole('table', { name: 'Recent checkpoints' }).getByRole('row')).toHaveCount(3);
  await accessible(page);

  await page.reload();
  await hydrated(page);
  await page.getByLabel('Earlier state').fill('2');
  await page.getByLabel('Later state').fill('3');
  await page.getByRole('button', { name: 'Compare' }).click();
  await page.waitForURL(/from=2&to=3/);
  await expect(page.getByText('It only grew: checked on this machine')).toBeVisible();
  await expect(page.getByText('The first 2 of the 3 entries are exactly those of the earlier state')).toBeVisible();
  await accessible(page);

  await page.getByLabel('Earlier state').fill('3');
  await page.getByLabel('Later state').fill('2');
  await page.getByRole('button', { name: 'Compare' }).click();
  await expect(page.getByText('The earlier state cannot be the larger one: 3 is more than 2.')).toBeVisible();

  // Any two sizes, of which the first was never anchored; from the keyboard.
  await page.getByLabel('Earlier state').fill('1');
  await page.getByLabel('Later state').fill('3');
  await page.getByLabel('Later state').press('Enter');
  await page.waitForURL(/from=1&to=3/);
  await expect(page.getByText('It only grew: checked on this machine')).toBeVisible();
  await page.goto('/ledger?from=1&to=99');
  await expect(page.getByText('Your log has 3 entries now, and 99 were asked for.')).toBeVisible();
});

test('the ledger compares without JavaScript, and says whose word it is', async ({ browser, baseURL }) => {
  const context = await browser.newContext({ javaScriptEnabled: false, baseURL });
  const page = await context.newPage();
  await signUp(page);
  await page.getByRole('button', { name: 'Generate test receipt' }).click();
  await page.waitForURL('**/receipts/rcpt_*');
  await expect
    .poll(async () => {
      await page.goto('/ledger');
      return page.getByRole('table', { name: 'Recent checkpoints' }).getByRole('row').count();
    })
    .toBe(2);
  await page.getByRole('button', { name: 'Compare' }).click();
  await page.waitForURL(/from=2&to=2/);
  await expect(page.getByText('It only grew, says the server')).toBeVisible();
  await expect(page.getByText('Both are the same state, with the same root.')).toBeVisible();
  await context.close();
});

test('the whole log is checked on demand, and the report is taken away', async ({ page }, info) => {
  await signUp(page);
  await hydrated(page);
  await page.getByRole('button', { name: 'Load the demo' }).click();
  await page.waitForURL('**/imports/*');
  await expect(page.getByText('Finished')).toBeVisible({ timeout: 45_000 });
  await page.goto('/ledger');
  await hydrated(page);
  await expect(page.getByText('Not checked on demand yet')).toBeVisible();
  await accessible(page);

  // From the keyboard, with a second press while it runs: it is the same check that goes on.
  await page.getByRole('button', { name: 'Check now' }).focus();
  await page.keyboard.press('Enter');
  await expect(page.getByRole('progressbar')).toBeVisible();
  await page.keyboard.press('Enter');
  await expect(page.getByText('Everything is as it was signed')).toBeVisible({ timeout: 45_000 });
  await expect(page.getByRole('progressbar')).toHaveCount(0);
  const checked = page.getByRole('table', { name: 'What was checked' });
  await expect(checked.getByRole('row', { name: /Signatures of entries 6,920/ })).toBeVisible();
  await expect(checked.getByRole('row', { name: /Keys 2/ })).toBeVisible();
  await accessible(page);

  const [download] = await Promise.all([page.waitForEvent('download'), page.getByRole('link', { name: 'Report (JSON)' }).click()]);
  const file = info.outputPath(download.suggestedFilename());
  await download.saveAs(file);
  const report = JSON.parse(readFileSync(file, 'utf8'));
  expect([report.ok, report.log.checked.rows, report.log.findings]).toEqual([true, 6920, []]);
});

test('the whole log is checked on demand without JavaScript', async ({ browser, baseURL }) => {
  const context = await browser.newContext({ javaScriptEnabled: false, baseURL });
  const page = await context.newPage();
  await signUp(page);
  await page.getByRole('button', { name: 'Generate test receipt' }).click();
  await page.waitForURL('**/receipts/rcpt_*');
  await page.goto('/ledger');
  await page.getByRole('button', { name: 'Check now' }).click();
  await page.waitForURL(/\/ledger\??$/);
  await expect
    .poll(async () => {
      await page.goto('/ledger');
      return page.getByText('Everything is as it was signed').count();
    })
    .toBe(1);
  await context.close();
});
