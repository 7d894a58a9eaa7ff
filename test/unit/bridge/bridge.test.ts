import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Bridge, type RuntimePort } from '../../../src/bridge/bridge';
import { PORT_MESSAGE, READY_EVENT } from '../../../src/protocol/ports';

/** A runtime port whose other end is the test. */
class FakePort implements RuntimePort {
  sent: { type?: string }[] = [];
  isDisconnected = false;
  throws = false;
  #onMessage: ((message: unknown) => void)[] = [];
  #onDisconnect: (() => void)[] = [];
  onMessage = { addListener: (listener: (message: unknown) => void) => void this.#onMessage.push(listener) };
  onDisconnect = { addListener: (listener: () => void) => void this.#onDisconnect.push(listener) };
  postMessage(message: unknown): void {
    if (this.throws) throw new Error('cannot be cloned');
    this.sent.push(message as { type?: string });
  }
  disconnect(): void {
    this.isDisconnected = true;
  }
  say(message: unknown): void {
    for (const listener of this.#onMessage) listener(message);
  }
  end(): void {
    for (const listener of this.#onDisconnect) listener();
  }
}

/** The tap's end of a channel: what it was told. */
class FakeTapPort {
  told: { type: string }[] = [];
  onmessage: ((event: { data: unknown }) => void) | null = null;
  postMessage(command: { type: string }): void {
    this.told.push(command);
  }
  ship(data: unknown): void {
    this.onmessage?.({ data });
  }
}

let page: EventTarget;
let frame: EventTarget;
let ready: number;
let ports: FakePort[];
let restore: () => void;

function hand(tap: FakeTapPort, change: object = {}): Event {
  const event = Object.assign(new Event('message', { cancelable: true }), {
    data: PORT_MESSAGE,
    source: page,
    ports: [tap],
    ...change,
  });
  page.dispatchEvent(event);
  return event;
}

function open(): { bridge: Bridge; port: FakePort } {
  const bridge = new Bridge({
    connect: () => {
      ports.push(new FakePort());
      return ports.at(-1)!;
    },
    onRestore: (listener) => {
      restore = listener;
    },
  });
  return { bridge, port: ports[0]! };
}

const CLAIM = { type: 'claim', clone: true };
const HELLO = { type: 'hello', documentKey: 'one' };
const BATCH = { type: 'batch' };

beforeEach(() => {
  vi.useFakeTimers();
  page = new EventTarget();
  frame = new EventTarget();
  ready = 0;
  ports = [];
  frame.addEventListener(READY_EVENT, () => ready++);
  vi.stubGlobal('window', page);
  vi.stubGlobal('document', frame);
});

afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

describe('the hand-over', () => {
  it('says that it is there and acknowledges the port at once', () => {
    open();
    const tap = new FakeTapPort();
    hand(tap);
    expect(ready).toBe(1);
    expect(tap.told.map(({ type }) => type)).toEqual(['config']);
  });

  it.each([
    ['from another window', { source: new EventTarget() }],
    ['with other words', { data: 'streamgauge:port:v2' }],
    ['with two ports', { ports: [new FakeTapPort(), new FakeTapPort()] }],
    ['without a port', { ports: [] }],
  ])('ignores a message %s', (_, change) => {
    open();
    const stray = new FakeTapPort();
    hand(stray, change);
    expect(stray.told).toEqual([]);
    const tap = new FakeTapPort();
    hand(tap);
    expect(tap.told).toHaveLength(1);
  });

  it('takes the first port only, and keeps all from the page', () => {
    open();
    let seen = 0;
    page.addEventListener('message', () => seen++);
    const [first, second] = [new FakeTapPort(), new FakeTapPort()];
    hand(first);
    hand(second);
    expect(first.told).toHaveLength(1);
    expect(second.told).toEqual([]);
    expect(seen).toBe(0);
  });
});

describe('the pipe', () => {
  it('holds the hello back until it is claimed, then passes commands and messages', () => {
    const { port } = open();
    const tap = new FakeTapPort();
    hand(tap);
    tap.ship(HELLO);
    expect(port.sent.map(({ type }) => type)).toEqual(['open']);
    port.say(CLAIM);
    port.say({ type: 'credit', batches: 2 });
    tap.ship(BATCH);
    expect(port.sent.map(({ type }) => type)).toEqual(['open', 'hello', 'batch']);
    expect(tap.told.map(({ type }) => type)).toEqual(['config', 'credit']);
  });

  it('lets through what was granted, and reports the rest as refused', () => {
    const { port } = open();
    const tap = new FakeTapPort();
    hand(tap);
    port.say(CLAIM);
    port.say({ type: 'credit', batches: 3 });
    tap.ship(HELLO);
    for (let index = 0; index < 10; index++) tap.ship(BATCH);
    tap.ship({ ...HELLO, documentKey: 'two' });
    port.say({ type: 'credit', batches: 1 });
    expect(port.sent.filter(({ type }) => type === 'batch')).toHaveLength(3);
    expect(port.sent.filter(({ type }) => type === 'hello')).toEqual([HELLO]);
    expect(port.sent.at(-1)).toEqual({ type: 'refused', count: 8 });
  });

  it('writes typed arrays as text for browsers whose ports carry JSON', () => {
    const { port } = open();
    const tap = new FakeTapPort();
    hand(tap);
    port.say({ type: 'claim', clone: false });
    port.say({ type: 'credit', batches: 1 });
    tap.ship({ type: 'batch', bytes: new Uint8Array([1, 2, 3]) });
    expect(port.sent.at(-1)).toEqual({ type: 'batch', bytes: { $bytes: 'AQID' } });
  });

  it('counts what cannot be sent and goes on', () => {
    const { port } = open();
    const tap = new FakeTapPort();
    hand(tap);
    port.say(CLAIM);
    port.say({ type: 'credit', batches: 2 });
    port.throws = true;
    expect(() => tap.ship(BATCH)).not.toThrow();
    port.throws = false;
    tap.ship(BATCH);
    port.say({ type: 'credit', batches: 1 });
    expect(port.sent.at(-1)).toEqual({ type: 'refused', count: 1 });
  });
});

describe('going quiet', () => {
  const cases: [string, (port: FakePort) => void][] = [
    ['when nobody claims it', () => vi.advanceTimersByTime(1000)],
    ['when its port ends', (port) => port.end()],
    ['when DevTools are closed', () => restore()],
    ['when the collector says so', (port) => port.say({ type: 'restore' })],
  ];
  it.each(cases)('restores the tap %s', (_, happens) => {
    const { bridge, port } = open();
    const tap = new FakeTapPort();
    hand(tap);
    happens(port);
    expect(bridge.isQuiet).toBe(true);
    expect(tap.told.at(-1)).toEqual({ type: 'restore' });
    port.sent.length = 0;
    tap.ship(BATCH);
    expect(port.sent).toEqual([]);
  });

  it('restores a tap that comes after it has gone quiet', () => {
    const { port } = open();
    port.end();
    const tap = new FakeTapPort();
    hand(tap);
    expect(tap.told).toEqual([{ type: 'restore' }]);
  });

  it('does not throw into the page when the extension is gone', () => {
    const tap = new FakeTapPort();
    const bridge = new Bridge({
      connect: () => {
        throw new Error('Extension context invalidated.');
      },
      onRestore: () => undefined,
    });
    hand(tap);
    expect(bridge.isQuiet).toBe(true);
    expect(tap.told).toEqual([{ type: 'restore' }]);
  });

  it('stays claimed beyond the time for a claim', () => {
    const { bridge, port } = open();
    port.say(CLAIM);
    vi.advanceTimersByTime(60_000);
    expect(bridge.isQuiet).toBe(false);
  });

  it('survives the page cache: the port ends, the page comes back, the hello is said again', () => {
    const { bridge, port } = open();
    const tap = new FakeTapPort();
    hand(tap);
    port.say(CLAIM);
    tap.ship(HELLO);
    page.dispatchEvent(Object.assign(new Event('pagehide'), { persisted: true }));
    port.end();
    expect(bridge.isQuiet).toBe(false);
    page.dispatchEvent(Object.assign(new Event('pageshow'), { persisted: true }));
    const again = ports[1]!;
    again.say(CLAIM);
    expect(again.sent.map(({ type }) => type)).toEqual(['open', 'hello']);
    expect(tap.told.some(({ type }) => type === 'restore')).toBe(false);
  });
});
