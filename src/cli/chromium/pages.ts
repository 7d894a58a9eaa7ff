import type { CdpConnection, CdpObject, CdpSession } from './cdp';

/** Runs in the isolated world of every frame beside the page; see src/bridge/README.md. */
const WORLD = 'streamgauge';
const SEND_BINDING = 'streamgaugeSend';

export interface PageScripts {
  /** Runs in the page's own world before any script of the page. */
  tap: string;
  /** Runs in an isolated world of each frame. */
  bridge: string;
}

export interface PageListener {
  /** A message of one frame's bridge: JSON text, untrusted. `reply` sends JSON text back to it. */
  tapMessage(from: string, json: string, reply: (json: string) => void): void;
  /** An event of the Network domain of any target: page, frame or worker. */
  networkEvent(method: string, params: CdpObject, targetKey: string): void;
  /** The page's top frame went somewhere. */
  navigated(url: string): void;
  loaded(): void;
  crashed(): void;
}

const NETWORK_EVENTS = [
  'Network.requestWillBeSent',
  'Network.requestWillBeSentExtraInfo',
  'Network.requestServedFromCache',
  'Network.responseReceived',
  'Network.responseReceivedExtraInfo',
  'Network.dataReceived',
  'Network.loadingFinished',
  'Network.loadingFailed',
  'Network.webSocketCreated',
  'Network.webSocketWillSendHandshakeRequest',
  'Network.webSocketHandshakeResponseReceived',
  'Network.webSocketFrameError',
  'Network.webSocketClosed',
  'Network.eventSourceMessageReceived',
];

/** Attaches to one page, its frames and workers, and puts tap and bridge into every document before it runs. */
export class WatchedPage {
  private constructor(
    readonly session: CdpSession,
    readonly targetId: string,
  ) {}

  static async open(
    connection: CdpConnection,
    options: { scripts: PageScripts; headers: Record<string, string>; listener: PageListener },
  ): Promise<WatchedPage> {
    const { scripts, headers, listener } = options;
    const targets = new Map<string, string>();
    const ready = new Map<string, Promise<void>>();

    const setUp = async (session: CdpSession, type: string) => {
      // A worker has no page to tap: the network view is all there is.
      const hasDocument = type === 'page' || type === 'iframe';
      await Promise.allSettled([
        session.send('Network.enable', { maxPostDataSize: 65_536 }),
        ...(Object.keys(headers).length > 0
          ? [session.send('Network.setExtraHTTPHeaders', { headers })]
          : []),
        session.send('Target.setAutoAttach', {
          autoAttach: true,
          waitForDebuggerOnStart: true,
          flatten: true,
        }),
        ...(hasDocument
          ? [
              session.send('Page.enable'),
              session.send('Runtime.enable'),
              session.send('Runtime.addBinding', { name: SEND_BINDING, executionContextName: WORLD }),
              session.send('Page.addScriptToEvaluateOnNewDocument', {
                source: scripts.tap,
                runImmediately: true,
              }),
              session.send('Page.addScriptToEvaluateOnNewDocument', {
                source: scripts.bridge,
                worldName: WORLD,
                runImmediately: true,
              }),
            ]
          : []),
      ]);
      await session.send('Runtime.runIfWaitingForDebugger').catch(() => undefined);
    };

    connection.on('Target.attachedToTarget', (params) => {
      const { sessionId, targetInfo } = params as {
        sessionId: string;
        targetInfo: { type: string; targetId: string };
      };
      targets.set(sessionId, targetInfo.targetId);
      ready.set(sessionId, setUp(connection.session(sessionId), targetInfo.type));
    });
    for (const method of NETWORK_EVENTS) {
      connection.on(method, (params, sessionId) => {
        listener.networkEvent(method, params, targets.get(sessionId ?? '') ?? '');
      });
    }
    connection.on('Runtime.bindingCalled', (params, sessionId) => {
      const { name, payload, executionContextId } = params as {
        name: string;
        payload: string;
        executionContextId: number;
      };
      if (name !== SEND_BINDING || sessionId === undefined) return;
      const session = connection.session(sessionId);
      listener.tapMessage(`${sessionId}/${executionContextId}`, payload, (json) => {
        session
          .send('Runtime.evaluate', {
            contextId: executionContextId,
            expression: `streamgaugeReceive(${JSON.stringify(json)})`,
            silent: true,
          })
          // The frame may be gone by now.
          .catch(() => undefined);
      });
    });

    const { targetId } = await connection.send<{ targetId: string }>('Target.createTarget', {
      url: 'about:blank',
    });
    const { sessionId } = await connection.send<{ sessionId: string }>('Target.attachToTarget', {
      targetId,
      flatten: true,
    });
    const session = connection.session(sessionId);
    session.on('Page.frameNavigated', (params) => {
      const { frame } = params as { frame: { parentId?: string; url: string } };
      if (frame.parentId === undefined) listener.navigated(frame.url);
    });
    session.on('Page.loadEventFired', () => listener.loaded());
    session.on('Inspector.targetCrashed', () => listener.crashed());
    await session.send('Inspector.enable').catch(() => undefined);
    // Attaching announced the session like any other (frames, workers), and so set it up.
    await ready.get(sessionId);
    return new WatchedPage(session, targetId);
  }

  /** Goes to `url`; resolves with the browser's error text, or null when a page came. */
  async navigate(url: string): Promise<string | null> {
    const result = await this.session.send<{ errorText?: string }>('Page.navigate', { url });
    return result.errorText ?? null;
  }

  /** Runs a script in the page as the body of an async function; rejects with what it threw. */
  async run(source: string): Promise<void> {
    const result = await this.session.send<{
      exceptionDetails?: { text: string; exception?: { description?: string }; lineNumber: number };
    }>('Runtime.evaluate', {
      expression: `(async () => {\n${source}\n})()`,
      awaitPromise: true,
      userGesture: true,
    });
    if (result.exceptionDetails) {
      const { exception, text, lineNumber } = result.exceptionDetails;
      throw new Error(`${exception?.description?.split('\n')[0] ?? text} (line ${lineNumber})`);
    }
  }
}
