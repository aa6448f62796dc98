import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { expect, hydrated, signUp, test } from '../support/fixtures';

test('from signing up to a receipt verified in the browser', async ({ page }, info) => {
  const started = Date.now();
  await signUp(page);
  await hydrated(page);
  await page.getByRole('button', { name: 'Create key' }).click();
  const key = await page.getByLabel('Your API key', { exact: true }).innerText();
  expect(key).toMatch(/^cn_test_[1-9A-HJ-NP-Za-km-z]{49}$/);
  await expect(page.getByText('Waiting for your first receipt…')).toBeVisible();

  // The command of the page, as a person would run it.
  const command = await page.getByLabel('Command to send a receipt').innerText();
  const answer = JSON.parse(execFileSync('bash', ['-c', command.replace(/^curl /, 'curl -s ')]).toString());
  expect(answer.status).toBe('included');

  // The overview turns by itself.
  await expect(page.getByRole('heading', { name: 'Overview' })).toBeVisible();
  await page.getByRole('link', { name: 'order-1001' }).first().click();
  await expect(page.getByRole('heading', { name: 'order-1001' })).toBeVisible();

  // Nothing more is to come by the feed: what is sent from here on would be the verification's.
  await expect(page.getByText(/^Entry \d+ of the public root log holds/)).toBeVisible();
  const requests: string[] = [];
  page.on('request', (sent) => requests.push(sent.url()));
  await page.getByRole('button', { name: 'Verify in this browser' }).click();
  await expect(page.getByText('Verified, on this machine')).toBeVisible();
  expect(requests).toEqual([]);
  info.annotations.push({ type: 'clock', description: `${Date.now() - started} ms from an open page to "verified"` });
  console.log(`first verified receipt after ${((Date.now() - started) / 1000).toFixed(1)} s`);

  // Each part that is changed is noticed by the step that is there for it.
  for (const [part, step] of [['payload', 'payload'], ['statement', 'signature'], ['proof', 'inclusion'], ['checkpoint', 'checkpoint']]) {
    await page.getByLabel('Tamper with').selectOption(part);
    await expect(page.getByText('The change was noticed')).toBeVisible();
    await expect(page.locator(`[data-step=${step}]`)).toHaveAttribute('data-outcome', 'failed');
  }

  // The bundle verifies in a terminal and on the public page; a changed one does not.
  const [download] = await Promise.all([page.waitForEvent('download'), page.getByRole('link', { name: 'Download bundle' }).click()]);
  const file = info.outputPath('receipt.certnode');
  await download.saveAs(file);
  const certnode = process.env.CERTNODE_BIN;
  if (certnode) {
    expect(execFileSync(certnode, ['verify', file]).toString()).toContain('Verified: rcpt_');
    expect(execFileSync('python3', ['../docs/verify.py', file]).toString()).toContain('ok    the log signed its state');
    const { readFileSync } = await import('node:fs');
    const changed = info.outputPath('changed.certnode');
    writeFileSync(changed, readFileSync(file, 'utf8').replace('49.90', '94.90'));
    expect(() => execFileSync(certnode, ['verify', changed], { stdio: 'pipe' })).toThrow();
  }
  await page.goto('/verify');
  await hydrated(page);
  await page.waitForLoadState('networkidle');
  await page.context().setOffline(true);
  await page.getByLabel('Choose a file').setInputFiles(file);
  await expect(page.getByText('Verified, on this machine')).toBeVisible();
  await page.context().setOffline(false);
});

test('the demo becomes receipts while one watches', async ({ page }) => {
  await signUp(page);
  await hydrated(page);
  await page.getByRole('button', { name: 'Load the demo' }).click();
  await page.waitForURL('**/imports/*');
  await expect(page.getByText('Finished')).toBeVisible({ timeout: 45_000 });
  await expect(page.getByText('6919 of 6919 rows, 0 refused')).toBeVisible();
  await page.getByRole('link', { name: 'See the receipts' }).click();
  await expect(page.getByText('50 receipts on this page')).toBeVisible();

  // The address is the state: narrowed, walked, and kept on the way to a receipt and back.
  await page.getByLabel('Happened from').fill('1997-03-01');
  await page.getByLabel('Happened until').fill('1997-03-02');
  await page.getByRole('button', { name: 'Filter' }).click();
  await page.waitForURL(/from=1997-03-01/);
  await expect(page.getByText('Mar 1997').first()).toBeVisible();
  await page.getByRole('link', { name: 'Next', exact: true }).click();
  await page.waitForURL(/after=rcpt_/);
  await page.reload();
  await expect(page.getByLabel('Happened from')).toHaveValue('1997-03-01');
});
