import { accessible, expect, hydrated, PASSWORD, signUp, test } from '../support/fixtures';

const PUBLIC = ['/', '/sign-in', '/sign-up', '/verify', '/design'];
const PRIVATE = ['/dashboard', '/receipts', '/ledger', '/keys'];

for (const theme of ['light', 'dark'] as const) {
  test(`every public page is accessible, ${theme}`, async ({ page }) => {
    await page.emulateMedia({ colorScheme: theme });
    for (const path of PUBLIC) {
      await page.goto(path);
      await hydrated(page);
      await accessible(page);
    }
  });

  test(`every private page is accessible, ${theme}`, async ({ page }) => {
    await page.emulateMedia({ colorScheme: theme });
    await signUp(page);
    await hydrated(page);
    await accessible(page);
    await page.getByRole('button', { name: 'Generate test receipt' }).click();
    await page.waitForURL('**/receipts/rcpt_*');
    await expect(page.getByRole('heading', { name: 'test-order-1001' })).toBeVisible();
    await accessible(page);
    for (const path of PRIVATE) {
      await page.goto(path);
      await hydrated(page);
      await accessible(page);
    }
  });
}

test('pages fit a phone', async ({ page }) => {
  await page.setViewportSize({ width: 360, height: 740 });
  await signUp(page);
  for (const path of [...PRIVATE, '/verify']) {
    await page.goto(path);
    await hydrated(page);
    const overflow = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
    expect(overflow, path).toBeLessThanOrEqual(0);
  }
});

test('the core works without JavaScript', async ({ browser, baseURL }) => {
  const context = await browser.newContext({ javaScriptEnabled: false, baseURL });
  const page = await context.newPage();
  await signUp(page);
  await page.getByRole('button', { name: 'Generate test receipt' }).click();
  await page.waitForURL('**/receipts/rcpt_*');
  await expect(page.getByText('test-order-1001').first()).toBeVisible();
  await expect(page.getByText('Ada Example').first()).toBeVisible();
  await page.goto('/receipts');
  await page.getByLabel('Reference or id').fill('nothing-like-it');
  await page.getByRole('button', { name: 'Filter' }).click();
  await expect(page.getByText('Nothing matches')).toBeVisible();
  await page.goto('/keys');
  await page.getByLabel('Name').fill('No script');
  await page.getByRole('button', { name: 'Create key' }).click();
  await context.close();
});

test('signing out ends the session, and a stranger is asked to sign in', async ({ page }) => {
  const email = await signUp(page);
  await hydrated(page);
  await page.getByLabel('Account').click();
  await page.getByRole('button', { name: 'Sign out' }).click();
  await page.waitForURL('**/sign-in');
  await page.goto('/receipts?kind=approval');
  await page.waitForURL(/sign-in\?next=/);
  await page.getByLabel('Work email').fill(email);
  await page.getByLabel('Password').fill('not the password at all');
  await page.getByRole('button', { name: 'Sign in' }).click();
  await expect(page.getByText('The email or the password is not right.')).toBeVisible();
  await expect(page.getByLabel('Work email')).toHaveValue(email);
  await page.getByLabel('Password').fill(PASSWORD);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.waitForURL('**/receipts?kind=approval');
});

test('what is wrong with a sign-up is said beside the field, and what was typed stays', async ({ page }) => {
  await page.goto('/sign-up');
  await page.getByLabel('Name').fill('Ada Lovelace');
  await page.getByLabel('Work email').fill('ada@example.org');
  await page.getByLabel('Password').fill('short');
  await page.getByLabel('Organisation').fill('Engines');
  await page.getByRole('button', { name: 'Create account' }).click();
  await expect(page.locator('#password-error')).toHaveText(/at least 15 characters/);
  await expect(page.getByLabel('Work email')).toHaveValue('ada@example.org');
});

test('a key is shown once, listed by its start, and revoked for good', async ({ page, request }) => {
  await signUp(page);
  await page.goto('/keys');
  await hydrated(page);
  await page.getByLabel('Name').fill('Billing');
  await page.getByRole('button', { name: 'Create key' }).click();
  const key = await page.getByLabel('Your API key', { exact: true }).innerText();
  const authorized = { headers: { authorization: `Bearer ${key}` } };
  expect((await request.get('/v1/log', authorized)).status()).toBe(200);
  await page.reload();
  await hydrated(page);
  await expect(page.getByText(key)).toHaveCount(0);
  await expect(page.getByText(`${key.slice(0, 14)}…`)).toBeVisible();
  await page.getByRole('button', { name: 'Revoke', exact: true }).click();
  await page.getByRole('button', { name: 'Revoke key' }).click();
  await expect(page.getByText('Revoked')).toBeVisible();
  await expect.poll(async () => (await request.get('/v1/log', authorized)).status(), { timeout: 2_000 }).toBe(401);
});

test('the palette goes to pages, from the keyboard alone', async ({ page }) => {
  await signUp(page);
  await hydrated(page);
  await page.keyboard.press('Control+k');
  await page.keyboard.type('keys');
  await page.keyboard.press('Enter');
  await page.waitForURL('**/keys**');
  await page.keyboard.press('Control+k');
  await page.keyboard.press('Escape');
  await expect(page.getByRole('dialog')).toHaveCount(0);
});

test('the theme is chosen, kept, and right in the first paint', async ({ page }) => {
  await page.goto('/verify');
  await hydrated(page);
  await page.getByLabel('Theme').click();
  await page.getByRole('button', { name: 'Dark' }).click();
  await expect(page.locator('html')).toHaveAttribute('data-theme', 'dark');
  const html = await (await page.request.get('/verify')).text();
  expect(html).toContain('data-theme="dark"');
});

test('the gallery looks as it looked', async ({ page }) => {
  await page.goto('/design');
  await hydrated(page);
  await expect(page.locator('main')).toMatchAriaSnapshot({ name: 'design.aria.yml' });
});

test('a page whose code a later release took away offers to start again', async ({ page, quiet }) => {
  await signUp(page);
  await hydrated(page);
  quiet.allow(/./);
  await page.route(/\/pkg\/(split|chunk)_/, (route) => route.fulfill({ status: 404 }));
  await page.getByRole('link', { name: 'Receipts' }).first().click();
  await expect(page.getByText('This page stopped working.')).toBeVisible();
  await page.unroute(/\/pkg\/(split|chunk)_/);
  await page.locator('#crashed').getByRole('link', { name: 'Reload' }).click();
  await hydrated(page);
  await page.getByRole('link', { name: 'Receipts' }).first().click();
  await expect(page.getByRole('heading', { name: 'Receipts' })).toBeVisible();
});
