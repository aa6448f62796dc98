import { chromium } from '@playwright/test';
import { execFileSync } from 'node:child_process';
const base = process.env.BASE_URL ?? 'http://127.0.0.1:3210';
const out = '/tmp/shots';
const browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: ['--no-sandbox', '--disable-gpu'] });
const errors = [];
process.on('uncaughtException', (e) => { console.log('ERRORS', errors.join('\n'), e.message); process.exit(1); });
const ctx = await browser.newContext({ viewport: { width: 1440, height: 900 }, baseURL: base });
const page = await ctx.newPage();
page.on('console', (m) => { if (m.type() === 'error' || m.type() === 'warning') errors.push(page.url() + ' ' + m.text()); });
page.on('pageerror', (e) => errors.push('PAGEERROR ' + e.message));
const shot = async (name, full = true) => { await page.waitForTimeout(300); await page.screenshot({ path: `${out}/${name}.png`, fullPage: full }); };
await page.goto('/'); await shot('home');
await page.goto('/sign-up');
await page.getByLabel('Name').fill('Ada Lovelace'); await page.getByLabel('Work email').fill(`ada${Date.now()}@example.com`);
await page.getByLabel('Password').fill('correct horse battery'); await page.getByLabel('Organisation').fill('Analytical Engines');
await shot('sign-up');
await page.getByRole('button', { name: 'Create account' }).click(); await page.waitForURL('**/dashboard', { timeout: 10000 }).catch((e) => errors.push('no dashboard ' + page.url()));
await page.waitForSelector('body[data-hydrated]', { timeout: 10000 }).catch(() => errors.push('not hydrated'));
await shot('onboarding');
await page.getByRole('button', { name: 'Create key' }).click(); await page.waitForTimeout(800); await shot('onboarding-key');
const command = await page.getByLabel('Command to send a receipt').innerText();
console.log(execFileSync('bash', ['-c', command.replace(/^curl /, 'curl -s ')]).toString().slice(0, 300));
await page.waitForTimeout(1500); await shot('overview-1');
await page.getByRole('button', { name: 'Load the demo' }).click(); await page.waitForTimeout(600); await shot('import-running'); await page.waitForTimeout(4000); await shot('import');
await page.goto('/dashboard'); await page.waitForTimeout(500); await shot('overview');
await page.goto('/receipts'); await page.waitForTimeout(500); await shot('receipts');
await page.locator('td a').first().click(); await page.waitForTimeout(800); await shot('receipt');
await page.getByRole('button', { name: 'Verify in this browser' }).click(); await page.waitForTimeout(2500); await shot('receipt-verified');
await page.getByLabel('Tamper with').selectOption('payload'); await page.waitForTimeout(2500); await shot('receipt-tampered');
const receipt = page.url();
await page.goto('/keys'); await page.waitForTimeout(500); await shot('keys');
await page.goto('/verify'); await page.waitForTimeout(300); await shot('verify');
await page.goto('/design'); await page.waitForTimeout(500); await shot('design');
for (const [theme, w, h] of [['dark', 1440, 900], ['light', 390, 844], ['dark', 390, 844]]) {
  await page.setViewportSize({ width: w, height: h }); await page.emulateMedia({ colorScheme: theme });
  for (const [name, path] of [['home', '/verify'], ['overview', '/dashboard'], ['receipts', '/receipts'], ['receipt', receipt], ['keys', '/keys'], ['design', '/design']]) {
    await page.goto(path); await page.waitForTimeout(400); await shot(`${name}-${theme}-${w}`);
  }
}
console.log('ERRORS', errors.join('\n'));
await browser.close();
