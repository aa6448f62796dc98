import { AxeBuilder } from '@axe-core/playwright';
import { test as base, expect, type Page } from '@playwright/test';

export const PASSWORD = 'correct horse battery';

/** Fails a test on any console error, uncaught exception, policy violation or server error that it did not announce. */
export const test = base.extend<{ quiet: { allow: (pattern: RegExp) => void } }>({
  quiet: [
    async ({ context }, use) => {
      const seen: string[] = [];
      const allowed: RegExp[] = [];
      const watch = (page: Page) => {
        page.on('console', (message) => message.type() === 'error' && seen.push(`${page.url()}: ${message.text()}`));
        page.on('pageerror', (error) => seen.push(`${page.url()}: ${error.message}`));
        page.on('response', (response) => response.status() >= 500 && seen.push(`${response.status()} ${response.url()}`));
      };
      context.pages().forEach(watch);
      context.on('page', watch);
      await use({ allow: (pattern) => allowed.push(pattern) });
      expect(seen.filter((line) => !allowed.some((pattern) => pattern.test(line)))).toEqual([]);
    },
    { auto: true },
  ],
});

export { expect };

/** Waits until the page listens, not only shows. */
export async function hydrated(page: Page) {
  await page.waitForSelector('body[data-hydrated]');
}

/** Makes an account of its own and ends on the overview. */
export async function signUp(page: Page, name = `e2e-${Date.now()}-${Math.floor(Math.random() * 1e6)}`) {
  await page.goto('/sign-up');
  await page.getByLabel('Name').fill('Ada Lovelace');
  await page.getByLabel('Work email').fill(`${name}@example.com`);
  await page.getByLabel('Password').fill(PASSWORD);
  await page.getByLabel('Organisation').fill(name);
  await page.getByRole('button', { name: 'Create account' }).click();
  await page.waitForURL('**/dashboard');
  return `${name}@example.com`;
}

/** No violation that axe knows of. */
export async function accessible(page: Page) {
  const { violations } = await new AxeBuilder({ page }).analyze();
  expect(violations.map((violation) => `${violation.id}: ${violation.nodes.map((node) => node.target).join(', ')}`)).toEqual([]);
}
