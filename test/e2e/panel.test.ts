import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import type { Frame } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type DevtoolsSession, eventually, hasChromium, openDevtools } from './support/devtools';

/** Ten events that the server makes 150 ms apart, and a proxy lets go together. */
async function held(response: ServerResponse): Promise<void> {
  let body = '';
  for (let index = 0; index < 10; index += 1) {
    body += `data: ${JSON.stringify({ n: index, timestamp: Date.now() })}\n\n`;
    await delay(150);
  }
  response.writeHead(200, { 'content-type': 'text/event-stream', server: 'nginx/1.22.1' });
  response.end(body);
}

/** Ends the streams that flow; each test says when, so that nothing hangs on the speed of the machine. */
let endFlow: () => void = () => undefined;

async function flowing(response: ServerResponse): Promise<void> {
  response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-cache, no-transform' });
  for (let index = 0; index < 10; index += 1) {
    response.write(`data: {"n":${index}}\n\n`);
    await delay(40);
  }
  endFlow = () => response.end();
}

function answer(request: IncomingMessage, response: ServerResponse): void {
  if (request.url === '/held') void held(response);
  else if (request.url === '/flowing') void flowing(response);
  else response.setHeader('content-type', 'text/html').end('<!doctype html><title>Inspected</title>');
}

const READ = `async (url) => {
  const reader = (await fetch(url)).body.getReader();
  while (!(await reader.read()).done);
}`;

describe.skipIf(!hasChromium())('the panel in real DevTools', () => {
  let server: Server;
  let session: DevtoolsSession;
  let panel: Frame;

  beforeAll(async () => {
    server = createServer(answer);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    session = await openDevtools({ viewport: { width: 1400, height: 800 } });
    panel = session.panel;
    await session.page.goto(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
    await panel.locator('[aria-label="Streams"]').waitFor();
  });

  afterAll(async () => {
    await session?.close();
    server?.closeAllConnections();
    server?.close();
  });

  const rows = () => panel.locator('[aria-label="Streams"]').locator('[data-id]');
  const rowOf = (name: string) => rows().filter({ hasText: name });

  it('is inside the policy of the extension, styled, in the theme of DevTools', async () => {
    const look = await panel.evaluate(() => ({
      theme: document.documentElement.dataset.theme,
      from: document.documentElement.dataset.themeFrom,
      bar: getComputedStyle(document.querySelector('.toolbar') ?? document.body).height,
    }));
    expect(look).toMatchObject({ from: 'host', bar: '28px' });
    expect(['light', 'dark']).toContain(look.theme);
  });

  it('shows a stream while it flows and calls it healthy when it was', async () => {
    const done = session.page.evaluate(`(${READ})('/flowing')`);
    await rowOf('flowing').getByText('open', { exact: true }).waitFor();
    await rowOf('flowing').locator('.cell.events', { hasText: '10' }).waitFor();
    endFlow();
    await done;
    await rowOf('flowing').getByText('done', { exact: true }).waitFor();
    await rowOf('flowing').click();
    await panel.locator('article.healthy').waitFor();
    await panel.getByRole('tab', { name: 'Timing' }).click();
    const plot = await panel.locator('canvas').first().getAttribute('aria-label');
    expect(plot).toContain('10 events');
  });

  it('names the stream that was held back, with the platform and its recipe', async () => {
    await session.page.evaluate(`(${READ})('/held')`);
    await rowOf('held').locator('.badge.error').waitFor();
    await rowOf('held').click();
    await panel.getByRole('tab', { name: 'Diagnosis' }).click();
    const card = panel.locator('article.finding.error').first();
    await card.getByText('buffered-stream', { exact: true }).waitFor();
    expect(await card.textContent()).toContain('proven');
    const platform = panel
      .getByRole('tablist', { name: 'Platforms' })
      .first()
      .getByRole('tab', { selected: true });
    expect(await platform.textContent()).toContain('nginx');
  });

  it('pauses, resumes and clears', async () => {
    const record = panel.getByRole('button', { name: 'Record', exact: true });
    await record.click();
    expect(await record.getAttribute('aria-pressed')).toBe('false');
    await record.click();
    expect(await record.getAttribute('aria-pressed')).toBe('true');
    await panel.getByRole('button', { name: 'Clear', exact: true }).click();
    await eventually('the list to be empty', async () => (await rows().count()) === 0);
  });

  it('reloads the page and records it from the start', async () => {
    const loaded = session.page.waitForEvent('load');
    await panel.getByRole('button', { name: 'Reload and record' }).first().click();
    await loaded;
    const done = session.page.evaluate(`(${READ})('/flowing')`);
    await rowOf('flowing').locator('.cell.events', { hasText: '10' }).waitFor();
    endFlow();
    await done;
    await rowOf('flowing').getByText('done', { exact: true }).waitFor();
    expect(await panel.locator('.status-bar').textContent()).toContain('Recording since page load');
  });
});
