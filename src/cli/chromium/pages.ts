import { type CdpConnection, CdpError, type CdpObject, type CdpSession } from './cdp';

/** Runs in the isolated world of every frame beside the page; see src/bridge/README.md. */
const WORLD = 'streamgauge';
const SEND_BINDING = 'streamgaugeSend';

export interface PageScripts {
  /** Runs in the page's own world before any script of the page. */
  tap: string;
  /** Runs in an isolated world of each frame. */
  bridge: string;
}

/** The bridge of one document: it lives as long as that does. */
export interface Bridge {
  /** The protocol's frame id, which network events name as well. */
  frameId: string;
  /** It fills its tab or window. */
  isTop: boolean;
  /** It is in a tab or window that the recorded page opened. */
  isOpened: boolean;
  /** Sends JSON text to it. */
  send(json: string): void;
}

/** Where a network event comes from. */
export interface NetworkSource {
  session: CdpSession;
  /** A worker: it has no document, and no tap sees what it asks for. */
  isWorker: boolean;
  /** The frame that fills the recorded tab, when its requests come from here. */
  topFrameId: string | null;
}

export interface PageListener {
  bridgeOpened(bridge: Bridge): void;
  /** JSON text of its tap: untrusted. */
  bridgeMessage(bridge: Bridge, json: string): void;
  bridgeClosed(bridge: Bridge): void;
  /** An event of the Network domain of the page, its frames and its workers. */
  networkEvent(method: string, params: CdpObject, source: NetworkSource): void;
  /** A frame, a worker or an opened window is gone, and so is whatever it had open. */
  sourceClosed(source: NetworkSource, how: 'crashed' | 'closed'): void;
  loaded(): void;
  /** The page's own process is gone, or its tab was closed. */
  ended(how: 'crashed' | 'closed'): void;
}

const NETWORK_EVENTS = [
  'Network.requestWillBeSent',
  'Network.requestWillBeSentExtraInfo',
  'Network.responseReceived',
  'Network.responseReceivedExtraInfo',
  'Network.dataReceived',
  'Network.loadingFinished',
  'Network.loadingFailed',
  'Network.webSocketCreated',
  'Network.webSocketWillSendHandshakeRequest',
  'Network.webSocketHandshakeResponseReceived',
  'Network.webSocketFrameSent',
  'Network.webSocketFrameReceived',
  'Network.webSocketFrameError',
  'Network.webSocketClosed',
  'Network.eventSourceMessageReceived',
];

/** Bodies that the browser keeps for us, in bytes: no larger ones are asked for, and its memory is the page's, too. */
export const BUFFERS = {
  maxPostDataSize: 64 * 1024,
  maxResourceBufferSize: 2 * 1024 * 1024,
  maxTotalBufferSize: 64 * 1024 * 1024,
};

interface TargetInfo {
  type: string;
  targetId: string;
  url: string;
  /** The page that opened it, `noopener` or not. */
  openerId?: string;
}

/**
 * What the browser as a whole is watched for: the windows that a page opens, and the workers that belong to no page
 * alone. Frames and dedicated workers come with their page.
 */
const OF_BROWSER = ['page', 'shared_worker', 'service_worker'];
/** A page is told of its service workers as well, and one that two sessions hold would have to be resumed twice. */
const OF_PAGE = [{ type: 'service_worker', exclude: true }, {}];
/** Tabs and windows that are recorded at most: each costs the browser a process. */
const MAX_TABS = 50;

interface Attached extends NetworkSource {
  targetId: string;
  /** By execution context. */
  bridges: Map<number, Bridge>;
  /** Resolves when it is watched. */
  ready: Promise<void>;
}

interface WatchOptions {
  /** Somebody sees the page and answers its dialogs. */
  isAttended: boolean;
  scripts: PageScripts;
  headers: Record<string, string>;
  listener: PageListener;
}

/**
 * Attaches to one page, its frames and workers, and the tabs and windows that it opens, and puts tap and bridge into
 * every document before it runs.
 */
export class WatchedPage {
  readonly #connection: CdpConnection;
  readonly #options: WatchOptions;
  readonly #attached = new Map<string, Attached>();
  readonly #targetId: string;
  /** Tabs and windows that are recorded, by target. */
  readonly #tabs = new Set<string>();
  #session!: CdpSession;

  private constructor(connection: CdpConnection, targetId: string, options: WatchOptions) {
    this.#connection = connection;
    this.#targetId = targetId;
    this.#tabs.add(targetId);
    this.#options = options;
  }

  /** Takes the browser's empty tab, or a new one where there is none. Nothing is loaded yet. */
  static async open(connection: CdpConnection, options: WatchOptions): Promise<WatchedPage> {
    const page = new WatchedPage(connection, await emptyTab(connection), options);
    page.#listen();
    await connection.send('Target.setAutoAttach', {
      autoAttach: true,
      waitForDebuggerOnStart: true,
      flatten: true,
      filter: OF_BROWSER.map((type) => ({ type })),
    });
    // The tab was there before, and so was announced before the answer came.
    const tab = [...page.#attached.values()].find(({ targetId }) => targetId === page.#targetId);
    if (!tab) throw new CdpError('The browser does not give its tab');
    page.#session = tab.session;
    page.#session.on('Page.loadEventFired', () => options.listener.loaded());
    await tab.ready;
    return page;
  }

  /** Goes to `url`; resolves with the browser's error text, or null when a page came. */
  async navigate(url: string): Promise<string | null> {
    const result = await this.#session.send<{ errorText?: string }>('Page.navigate', { url });
    return result.errorText ?? null;
  }

  /**
   * Runs a script in the page and waits for what it comes to: its last expression or, when it uses `await` or `return`
   * at its top, what it returns. Rejects with what it threw, or with a `CdpError` when the page went away meanwhile.
   */
  async run(source: string): Promise<void> {
    // On one line with the script's first, so that the numbers of lines are the script's own.
    const asFunction = `(async () => {${source}\n})()`;
    const plain = await this.#syntaxError(source);
    if (plain !== null && (await this.#syntaxError(asFunction)) !== null) throw new Error(plain);
    const result = await this.#session.send<{ exceptionDetails?: ExceptionDetails }>('Runtime.evaluate', {
      expression: plain === null ? source : asFunction,
      awaitPromise: true,
      userGesture: true,
    });
    if (result.exceptionDetails) throw new Error(describe(result.exceptionDetails));
  }

  async #syntaxError(expression: string): Promise<string | null> {
    const { exceptionDetails } = await this.#session.send<{ exceptionDetails?: ExceptionDetails }>(
      'Runtime.compileScript',
      { expression, sourceURL: '', persistScript: false },
    );
    return exceptionDetails ? describe(exceptionDetails) : null;
  }

  #listen(): void {
    const connection = this.#connection;
    const { listener } = this.#options;
    connection.on('Target.attachedToTarget', (params) => {
      const { sessionId, targetInfo } = params as { sessionId: string; targetInfo: TargetInfo };
      const session = connection.session(sessionId);
      if (!this.#isWanted(targetInfo)) {
        release(session);
        return;
      }
      const { type, targetId } = targetInfo;
      if (type === 'page') this.#tabs.add(targetId);
      this.#attached.set(sessionId, {
        session,
        targetId,
        isWorker: type !== 'page' && type !== 'iframe',
        topFrameId: targetId === this.#targetId ? targetId : null,
        bridges: new Map(),
        ready: this.#setUp(session, targetInfo),
      });
    });
    connection.on('Target.detachedFromTarget', (params) => {
      const { sessionId } = params as { sessionId: string };
      this.#clear(sessionId);
      const source = this.#attached.get(sessionId);
      this.#attached.delete(sessionId);
      if (sessionId === this.#session?.id) listener.ended('closed');
      else if (source) listener.sourceClosed(source, 'closed');
    });
    connection.on('Inspector.targetCrashed', (_, sessionId = '') => {
      const source = this.#attached.get(sessionId);
      if (!source) return;
      this.#clear(sessionId);
      if (sessionId === this.#session?.id) listener.ended('crashed');
      else listener.sourceClosed(source, 'crashed');
    });
    connection.on('Page.javascriptDialogOpening', ({ type }, sessionId = '') => {
      if (this.#options.isAttended) return;
      // It stops the page until somebody answers: to take note, and to leave, is yes; nothing else is agreed to.
      const accept = type === 'alert' || type === 'beforeunload';
      connection.send('Page.handleJavaScriptDialog', { accept }, sessionId).catch(() => undefined);
    });
    for (const method of NETWORK_EVENTS) {
      connection.on(method, (params, sessionId = '') => {
        const source = this.#attached.get(sessionId);
        if (source) listener.networkEvent(method, params, source);
      });
    }
    connection.on('Runtime.executionContextCreated', (params, sessionId = '') => {
      const { id, name, auxData } = params.context as {
        id: number;
        name: string;
        auxData?: { frameId?: string };
      };
      const attached = this.#attached.get(sessionId);
      if (!attached || name !== WORLD || !auxData?.frameId) return;
      const bridge = this.#bridge(attached, id, auxData.frameId);
      attached.bridges.set(id, bridge);
      listener.bridgeOpened(bridge);
    });
    connection.on('Runtime.bindingCalled', (params, sessionId = '') => {
      const { name, payload, executionContextId } = params as {
        name: string;
        payload: string;
        executionContextId: number;
      };
      const bridge = this.#attached.get(sessionId)?.bridges.get(executionContextId);
      if (bridge && name === SEND_BINDING) listener.bridgeMessage(bridge, payload);
    });
    connection.on('Runtime.executionContextDestroyed', (params, sessionId = '') => {
      const bridges = this.#attached.get(sessionId)?.bridges;
      const id = params.executionContextId as number;
      const bridge = bridges?.get(id);
      if (!bridge) return;
      bridges?.delete(id);
      listener.bridgeClosed(bridge);
    });
    connection.on('Runtime.executionContextsCleared', (_, sessionId = '') => this.#clear(sessionId));
  }

  /** The person may open tabs as well, and the browser has workers of its own: neither is the page's. */
  #isWanted({ type, targetId, openerId, url }: TargetInfo): boolean {
    if (type === 'page') {
      if (targetId === this.#targetId) return true;
      return openerId !== undefined && this.#tabs.has(openerId) && this.#tabs.size < MAX_TABS;
    }
    return /^(https?|file|blob|data):/.test(url) || type === 'iframe' || type === 'worker';
  }

  #bridge({ session, targetId }: Attached, contextId: number, frameId: string): Bridge {
    return {
      frameId,
      isTop: this.#tabs.has(frameId),
      isOpened: targetId !== this.#targetId && this.#tabs.has(targetId),
      send: (json) => {
        const expression = `streamgaugeReceive(${JSON.stringify(json)})`;
        // A document that has just gone has nobody to tell.
        session.send('Runtime.evaluate', { contextId, expression, silent: true }).catch(() => undefined);
      },
    };
  }

  #clear(sessionId: string): void {
    const bridges = this.#attached.get(sessionId)?.bridges;
    for (const bridge of bridges?.values() ?? []) this.#options.listener.bridgeClosed(bridge);
    bridges?.clear();
  }

  async #setUp(session: CdpSession, { type, targetId }: TargetInfo): Promise<void> {
    const { headers, scripts } = this.#options;
    // The tab is empty and about to be left; a frame may have begun before it was attached to.
    const runImmediately = targetId !== this.#targetId;
    const steps: [method: string, params?: CdpObject][] = [
      ['Network.enable', BUFFERS],
      [
        'Target.setAutoAttach',
        { autoAttach: true, waitForDebuggerOnStart: true, flatten: true, filter: OF_PAGE },
      ],
    ];
    if (Object.keys(headers).length > 0) steps.push(['Network.setExtraHTTPHeaders', { headers }]);
    // A worker has no page to tap: the network view is all there is.
    if (type === 'page' || type === 'iframe') {
      const worldName = WORLD;
      steps.push(
        ['Inspector.enable'],
        ['Page.enable'],
        ['Runtime.enable'],
        ['Runtime.addBinding', { name: SEND_BINDING, executionContextName: WORLD }],
        ['Page.addScriptToEvaluateOnNewDocument', { source: scripts.tap, runImmediately }],
        ['Page.addScriptToEvaluateOnNewDocument', { source: scripts.bridge, worldName, runImmediately }],
      );
    }
    steps.push(['Runtime.runIfWaitingForDebugger']);
    // All at once: they are taken in this order, and a window that waits answers some of them only when it runs.
    // Targets differ in what they know; one that lacks a domain is watched with the others.
    await Promise.allSettled(steps.map(([method, params]) => session.send(method, params)));
  }
}

/** Lets a target go that is not recorded. */
function release(session: CdpSession): void {
  session.send('Runtime.runIfWaitingForDebugger').catch(() => undefined);
  session.connection.send('Target.detachFromTarget', { sessionId: session.id }).catch(() => undefined);
}

interface ExceptionDetails {
  text: string;
  lineNumber: number;
  exception?: { description?: string; value?: unknown };
}

/** `RangeError: nope (line 2)`; the line is the script's when the browser tells one. */
function describe({ text, lineNumber, exception }: ExceptionDetails): string {
  const { description } = exception ?? {};
  if (description === undefined) {
    return exception && 'value' in exception ? `${exception.value} was thrown` : text;
  }
  const [message = text, ...frames] = description.split('\n');
  const line = message.startsWith('SyntaxError')
    ? lineNumber + 1
    : frames.map((frame) => /<anonymous>:(\d+):\d+/.exec(frame)?.[1]).find(Boolean);
  return line === undefined ? message : `${message} (line ${line})`;
}

async function emptyTab(connection: CdpConnection): Promise<string> {
  const { targetInfos } = await connection.send<{ targetInfos: TargetInfo[] }>('Target.getTargets');
  const empty = targetInfos.find(({ type, url }) => type === 'page' && url === 'about:blank');
  if (empty) return empty.targetId;
  const made = await connection.send<{ targetId: string }>('Target.createTarget', { url: 'about:blank' });
  return made.targetId;
}
