import { readFileSync, writeFileSync } from 'node:fs';
import type { APIRequestContext, Browser, Page, TestInfo } from '@playwright/test';
import { accessible, expect, hydrated, signUp, test } from '../support/fixtures';

const RECEIPTS = 10_000;

/** An organisation with ten thousand receipts: the archive of them, and the ids by reference. Made once for the file. */
let made: Promise<{ archive: Buffer; ids: Map<string, string>; key: string }> | undefined;

function bigArchive(browser: Browser, request: APIRequestContext, baseURL?: string) {
  made ??= (async () => {
    const context = await browser.newContext({ baseURL });
    const page = await context.newPage();
    await signUp(page);
    await hydrated(page);
    await page.getByRole('button', { name: 'Create key' }).click();
    const key = await page.getByLabel('Your API key', { exact: true }).innerText();
    await context.close();
    const headers = { authorization: `Bearer ${key}` };
    const ids = new Map<string, string>();
    for (let first = 0; first < RECEIPTS; first += 1000) {
      const receipts = Array.from({ length: 1000 }, (_, n) => {
        const reference = `big-${String(first + n).padStart(5, '0')}`;
        return { reference, idempotency_key: reference, amount: { value: '11.77', currency: 'USD' } };
      });
      // Whatever was put off may be sent again.
      await expect(async () => {
        const answer = await request.post('/v1/receipts/batch', { headers, data: { receipts } });
        expect(answer.status(), await answer.text()).toBe(200);
        const { data } = await answer.json();
        for (const { receipt } of data) ids.set(receipt.reference, receipt.id);
      }).toPass({ timeout: 30_000 });
    }
    expect(ids.size).toBe(RECEIPTS);
    const day = (days: number) => new Date(Date.now() + days * 86_400_000).toISOString().slice(0, 10);
    const answer = await request.get(`/v1/receipts/export?from=${day(-1)}&until=${day(1)}`, { headers, timeout: 60_000 });
    return { archive: await answer.body(), ids, key };
  })();
  return made;
}

function saved(info: TestInfo, name: string, bytes: Buffer) {
  const path = info.outputPath(name);
  writeFileSync(path, bytes);
  return path;
}

/** Loads the page and all that the worker needs. */
async function ready(page: Page) {
  const worker = page.waitForEvent('worker');
  await page.goto('/verify');
  await hydrated(page);
  await worker;
  await page.waitForLoadState('networkidle');
}

/** From now on, what kept the page from answering: tasks of 50 ms and more, and how long what was done took to show. */
async function watch(page: Page) {
  await page.evaluate(() => {
    const seen = { tasks: [0], events: [0], frames: 0 };
    Object.assign(window, { seen });
    const observe = (type: string, into: number[]) =>
      new PerformanceObserver((list) => list.getEntries().forEach((entry) => into.push(entry.duration))).observe({ type, durationThreshold: 16 } as PerformanceObserverInit);
    observe('longtask', seen.tasks);
    observe('event', seen.events);
    const frame = () => {
      seen.frames += 1;
      requestAnimationFrame(frame);
    };
    requestAnimationFrame(frame);
  });
}

const watched = (page: Page) =>
  page.evaluate(() => {
    const { tasks, events, frames } = (window as unknown as { seen: { tasks: number[]; events: number[]; frames: number } }).seen;
    return { task: Math.max(...tasks), event: Math.max(...events), frames };
  });

test('ten thousand receipts are verified in a worker, offline, while the page answers', async ({ page, context, browser, request, baseURL }, info) => {
  const { archive } = await bigArchive(browser, request, baseURL);
  await ready(page);
  await context.setOffline(true);
  await watch(page);
  const began = Date.now();
  await page.locator('#file').setInputFiles(saved(info, 'big.tar', archive));
  await expect(page.getByRole('button', { name: 'Cancel' })).toBeVisible();
  // Meanwhile the page does what it is asked.
  await page.getByText('Check against keys you already trust').click();
  await page.getByLabel('Policy', { exact: true }).fill('typed meanwhile');
  await expect(page.getByText('Verified, on this machine: 10,000 receipts')).toBeVisible();
  const took = Date.now() - began;
  const { task, event, frames } = await watched(page);
  info.annotations.push({ type: 'figures', description: `${took} ms, longest task ${task} ms, slowest answer ${event} ms, ${frames} frames` });
  console.log(info.annotations.at(-1)?.description);
  expect(task).toBeLessThanOrEqual(200);
  expect(event).toBeLessThanOrEqual(200);
  await expect(page.getByText('10,000 in total. Each is as it was certified; none was left out')).toBeVisible();
  await context.setOffline(false);
  await accessible(page);
});

test('one receipt is verified by the WebAssembly of the page', async ({ page, browser, request, baseURL }, info) => {
  const context = await browser.newContext({ baseURL });
  const owner = await context.newPage();
  await signUp(owner);
  await hydrated(owner);
  await owner.getByRole('button', { name: 'Create key' }).click();
  const headers = { authorization: `Bearer ${await owner.getByLabel('Your API key', { exact: true }).innerText()}` };
  await context.close();
  expect((await request.post('/v1/receipts', { headers, data: { reference: 'the-only-one' } })).status()).toBe(201);
  const day = (days: number) => new Date(Date.now() + days * 86_400_000).toISOString().slice(0, 10);
  const answer = await request.get(`/v1/receipts/export?from=${day(-1)}&until=${day(1)}`, { headers });
  const archive = (await answer.body()).toString('base64');

  const worker = page.waitForEvent('worker');
  await page.goto('/verify');
  await hydrated(page);
  const glue = new URL((await worker).url()).search.slice(1).split('&')[0];
  const { reports, times, reading } = await page.evaluate(async ([glue, archive]) => {
    const client = await import(glue);
    const bytes = Uint8Array.from(atob(archive), (letter) => letter.charCodeAt(0));
    const spent = async (file: File) => {
      const [reports, times]: [string[], number[]] = [[], []];
      for (let n = 0; n < 300; n += 1) {
        const began = performance.now();
        reports.push(await new Promise<string>((done) => client.check_period(file, '', () => true, done)));
        times.push(performance.now() - began);
      }
      return { reports, times: times.sort((a, b) => a - b) };
    };
    // A file as large that is no archive is read, and refused at its first byte.
    const { times: reading } = await spent(new File([bytes.map(() => 7)], 'none.tar'));
    return { ...(await spent(new File([bytes], 'one.tar'))), reading };
  }, [glue, archive]);
  for (const report of reports) expect(JSON.parse(report)).toMatchObject({ verified: true });
  info.annotations.push({ type: 'figures', description: `one receipt: p50 ${(times[150] - reading[150]).toFixed(2)} ms, and ${reading[150].toFixed(2)} ms to read its file; p99 together ${times[297].toFixed(2)} ms` });
  console.log(info.annotations.at(-1)?.description);
});

test('a spoilt archive names exactly the receipts that were spoilt, first, and in the report', async ({ page, browser, request, baseURL }, info) => {
  const { archive, ids } = await bigArchive(browser, request, baseURL);
  const text = archive.toString('latin1');
  const spoilt = Buffer.from(archive);
  const id = (reference: string) => ids.get(reference) ?? '';
  // Two amounts, in the contents; and a signature, in the statement.
  for (const reference of ['big-00017', 'big-09999']) {
    const line = text.indexOf(`"reference":"${reference}"`);
    spoilt.write('99.77', text.lastIndexOf('11.77', line), 'latin1');
  }
  const sig = text.indexOf('"sig":"', text.indexOf(id('big-05000'))) + 7;
  spoilt.write(text[sig] === 'A' ? 'B' : 'A', sig, 'latin1');

  await page.setViewportSize({ width: 390, height: 844 });
  await page.emulateMedia({ colorScheme: 'dark' });
  await ready(page);
  await page.locator('#file').setInputFiles(saved(info, 'spoilt.tar', spoilt));
  await expect(page.getByText('Not verified: 3 receipts do not hold')).toBeVisible();
  const failures = page.getByRole('list', { name: 'Receipts that do not hold' }).getByRole('listitem');
  const named = await failures.evaluateAll((rows) => rows.map((row) => `${row.querySelector('code')?.textContent} ${row.getAttribute('data-step')}`));
  expect(named).toEqual([`${id('big-00017')} payload`, `${id('big-05000')} signature`, `${id('big-09999')} payload`]);
  await expect(page.getByText('2 with other contents than were certified, 1 without a signature that fits')).toBeVisible();
  await accessible(page);
  expect(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth)).toBe(true);

  for (const [name, ending] of [['Save the report (CSV)', 'csv'], ['Save the report (JSON)', 'json']]) {
    const [download] = await Promise.all([page.waitForEvent('download'), page.getByRole('link', { name }).click()]);
    expect(download.suggestedFilename()).toBe(`verification-of-spoilt.${ending}`);
    const report = readFileSync(await download.path(), 'utf8');
    if (ending === 'json') {
      expect(JSON.parse(report)).toMatchObject({ verified: false, failed: 3, file: 'spoilt.tar' });
    } else {
      const lines = report.split('\r\n');
      expect(lines.slice(1, 4).map((line) => line.split(',').slice(2, 4).join(' '))).toEqual(named);
      expect(lines.at(-2)).toMatch(/^file,,,,failed,"spoilt\.tar, checked at .* 3 receipts do not hold"$/);
    }
  }
});

test('a check is cancelled and begun again, with the keyboard', async ({ page, browser, request, baseURL }, info) => {
  const { archive } = await bigArchive(browser, request, baseURL);
  await ready(page);
  // The moment it is there: the whole check takes little more than a second.
  await page.evaluate(() => {
    new MutationObserver((_, observer) => {
      const cancel = [...document.querySelectorAll('button')].find((button) => button.textContent === 'Cancel');
      if (cancel) {
        observer.disconnect();
        cancel.click();
      }
    }).observe(document.body, { childList: true, subtree: true });
  });
  await page.locator('#file').setInputFiles(saved(info, 'big.tar', archive));
  await expect(page.getByText(/Stopped after .* entries\. Nothing is known/)).toBeVisible();
  await page.getByRole('button', { name: 'Check it again' }).focus();
  await page.keyboard.press('Enter');
  await expect(page.getByText('Verified, on this machine: 10,000 receipts')).toBeVisible();
});

test('without workers the page checks by itself', async ({ page, browser, request, baseURL }, info) => {
  const { archive } = await bigArchive(browser, request, baseURL);
  await page.addInitScript(() => Reflect.deleteProperty(window, 'Worker'));
  await page.goto('/verify');
  await hydrated(page);
  await page.locator('#file').setInputFiles(saved(info, 'big.tar', archive));
  await expect(page.getByText('Verified, on this machine: 10,000 receipts')).toBeVisible();
  expect(page.workers()).toEqual([]);
});

test('a list leaves as a file that keeps its filter and says that it is whole', async ({ page }) => {
  await signUp(page);
  await hydrated(page);
  await page.getByRole('button', { name: 'Generate test receipt' }).click();
  await page.waitForURL('**/receipts/rcpt_*');
  await page.goto('/receipts?kind=transaction');
  await hydrated(page);
  for (const [name, end] of [['for a spreadsheet (CSV)', /^end,1 rows,+$/], ['for programs (JSON lines)', /^\{"object":"end","rows":1\}$/]] as const) {
    await page.locator('summary', { hasText: 'Export' }).first().click();
    const [download] = await Promise.all([page.waitForEvent('download'), page.getByRole('link', { name }).click()]);
    const lines = readFileSync(await download.path(), 'utf8').trimEnd().split(/\r?\n/);
    expect(lines.at(-1)).toMatch(end);
    expect(lines.at(-2)).toContain('test-order-1001');
    await page.reload();
    await hydrated(page);
  }
  await page.locator('summary', { hasText: 'Export' }).first().click();
  await page.getByRole('link', { name: 'A period, to be verified offline' }).click();
  await expect(page.getByLabel('First day (UTC)')).toBeVisible();
  await accessible(page);
});
