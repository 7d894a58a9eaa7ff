import { type CdpObject, CdpSession } from '../../src/cli/chromium/cdp';
import { findChromium } from '../../src/cli/chromium/find';
import { type LaunchedBrowser, launchChromium } from '../../src/cli/chromium/launch';

/** A script that a page gets before its own; `world` names an isolated world. */
export interface EarlyScript {
  source: string;
  world?: string;
}

type Serializable = string | number | boolean | null | undefined | object;

/**
 * One tab driven over the DevTools protocol with the Network domain off: libraries that switch it on would change
 * what is measured.
 */
export class CdpPage {
  readonly contexts = new Map<string, number>();

  private constructor(
    readonly session: CdpSession,
    private readonly contextId: string,
    private readonly targetId: string,
  ) {}

  /** Opens `url` in a browser context of its own, with the scripts and bindings in place. */
  static async open(
    browser: LaunchedBrowser,
    url: string,
    scripts: EarlyScript[] = [],
    bindings: { name: string; world: string; onCall: (payload: string) => void }[] = [],
  ): Promise<CdpPage> {
    const { connection } = browser;
    const { browserContextId } = await connection.send<{ browserContextId: string }>(
      'Target.createBrowserContext',
    );
    const { targetId } = await connection.send<{ targetId: string }>('Target.createTarget', {
      url: 'about:blank',
      browserContextId,
    });
    const { sessionId } = await connection.send<{ sessionId: string }>('Target.attachToTarget', {
      targetId,
      flatten: true,
    });
    const session = new CdpSession(connection, sessionId);
    const page = new CdpPage(session, browserContextId, targetId);
    session.on('Runtime.executionContextCreated', (params) => {
      const context = params.context as { id: number; name: string; auxData: { frameId: string } };
      if (context.auxData.frameId === targetId) page.contexts.set(context.name, context.id);
    });
    session.on('Runtime.bindingCalled', (params) => {
      for (const binding of bindings)
        if (binding.name === params.name) binding.onCall(String(params.payload));
    });
    await session.send('Page.enable');
    await session.send('Runtime.enable');
    for (const { name, world } of bindings)
      await session.send('Runtime.addBinding', { name, executionContextName: world });
    for (const { source, world } of scripts)
      await session.send('Page.addScriptToEvaluateOnNewDocument', {
        source,
        ...(world ? { worldName: world } : {}),
      });
    await page.navigate(url);
    return page;
  }

  async navigate(url: string): Promise<void> {
    const loaded = new Promise<void>((resolve) => {
      const stop = this.session.on('Page.loadEventFired', () => {
        stop();
        resolve();
      });
    });
    await this.session.send('Page.navigate', { url });
    await loaded;
  }

  /** Runs a self-contained function in the page (or in a named world) and gives its JSON value. */
  async evaluate<Args extends Serializable[], Result>(
    run: (...args: Args) => Result,
    ...args: Args
  ): Promise<Awaited<Result>> {
    return this.evaluateIn('', run, ...args);
  }

  async evaluateIn<Args extends Serializable[], Result>(
    world: string,
    run: (...args: Args) => Result,
    ...args: Args
  ): Promise<Awaited<Result>> {
    const given = args.map((arg) => JSON.stringify(arg) ?? 'undefined').join(',');
    // tsx wraps named functions in a helper of its own, which the page does not have.
    const expression = `((__name) => (${String(run)})(${given}))((one) => one)`;
    return (await this.evaluateText(expression, world)) as Awaited<Result>;
  }

  /** Evaluates source text in the page (or in a named world). */
  async evaluateText(expression: string, world = ''): Promise<unknown> {
    const result = await this.session.send<{
      result: { value: unknown };
      exceptionDetails?: { text: string; exception?: { description?: string } };
    }>('Runtime.evaluate', {
      expression,
      awaitPromise: true,
      returnByValue: true,
      ...(world ? { contextId: this.contexts.get(world) } : {}),
    } as CdpObject);
    if (result.exceptionDetails) {
      const { text, exception } = result.exceptionDetails;
      throw new Error(exception?.description ?? text);
    }
    return result.result.value;
  }

  async close(): Promise<void> {
    await this.session.connection.send('Target.closeTarget', { targetId: this.targetId });
    await this.session.connection.send('Target.disposeBrowserContext', {
      browserContextId: this.contextId,
    });
  }
}

/** Starts the installed browser; fails with what to install when there is none. */
export async function launchForTests(args: string[] = []): Promise<LaunchedBrowser> {
  const executable = findChromium();
  if (!executable) throw new Error('No Chromium found: install one, or name it in STREAMGAUGE_BROWSER');
  return launchChromium({ executable, args });
}
