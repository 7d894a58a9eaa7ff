/**
 * Timelines (see draw.ts) of the requests and sockets of Socket.IO clients, so that a test shows only what is special.
 * Times are trace ms.
 */
export interface SocketIoPlace {
  /** Scheme, host and path without the query. */
  url?: string;
  eio?: 3 | 4;
  /** Further request options: `document=d2`. */
  ask?: string;
  /** Further response options: `server: envoy / protocol=http/1.1`. */
  answer?: string;
}

export interface OpenPacket {
  upgrades?: string[];
  pingInterval?: number;
  pingTimeout?: number;
}

const addressOf = ({ url = 'https://api.test/socket.io/', eio = 4 }: SocketIoPlace, rest: string) =>
  `${url}?EIO=${eio}&transport=${rest}`;
const also = (options: string | undefined) => (options ? ` / ${options}` : '');

/** The text of an `open` packet. */
export function openPacket(sid: string, options: OpenPacket = {}): string {
  const values = { sid, upgrades: ['websocket'], pingInterval: 25_000, pingTimeout: 20_000, ...options };
  return `0${JSON.stringify(values)}`;
}

/** Packets as one polling payload: joined by U+001E, or each behind its length in version 3. */
export function payload(packets: string[], eio: 3 | 4 = 4): string {
  return eio === 4 ? packets.join('\x1e') : packets.map((one) => `${one.length}:${one}`).join('');
}

/** The first request of a session over polling. */
export function handshake(at: number, sid: string, place: SocketIoPlace & OpenPacket = {}): string {
  const { url: _, eio, ask, answer, ...open } = place;
  const packets = eio === 3 ? [openPacket(sid, open), '40'] : [openPacket(sid, open)];
  return `${at} ask xhr GET ${addressOf(place, 'polling')}${also(ask)}
    +20 headers 200 text/plain; charset=UTF-8${also(answer)}
    +1 raw ${payload(packets, eio)}
    +1 end`;
}

/** One poll that is answered with `packets` after `waitMs`. */
export function poll(
  at: number,
  sid: string,
  waitMs: number,
  packets: string[],
  place: SocketIoPlace = {},
): string {
  return `${at} ask xhr GET ${addressOf(place, `polling&sid=${sid}`)}${also(place.ask)}
    +${waitMs} headers 200 text/plain; charset=UTF-8${also(place.answer)}
    +1 raw ${payload(packets, place.eio)}
    +1 end`;
}

/** A poll with any other fate: `steps` follow the request. */
export function pollThat(at: number, sid: string, steps: string, place: SocketIoPlace = {}): string {
  return `${at} ask xhr GET ${addressOf(place, `polling&sid=${sid}`)}${also(place.ask)} | ${steps}`;
}

/** Packets of the page. */
export function post(at: number, sid: string, packets: string[], place: SocketIoPlace = {}): string {
  return `${at} ask xhr POST ${addressOf(place, `polling&sid=${sid}`)} / body=${payload(packets, place.eio)}${also(place.ask)}
    +15 headers 200 text/html${also(place.answer)}
    +1 raw ok
    +1 end`;
}

/** The answer of a server that does not know the session. */
export const UNKNOWN_SESSION =
  '+15 headers 400 application/json | +1 raw {"code":1,"message":"Session ID unknown"} | +1 end';

/** A WebSocket; with `sid` null one that begins a session. `steps` follow the request. */
export function socket(at: number, sid: string | null, steps: string, place: SocketIoPlace = {}): string {
  const url = addressOf(place, sid === null ? 'websocket' : `websocket&sid=${sid}`).replace(/^http/, 'ws');
  return `${at} ask websocket ${url}${also(place.ask)} | ${steps}`;
}

/** A socket's way through a successful upgrade. */
export const UPGRADED = '+20 headers 101 | +1 send 2probe | +15 frame text 3probe | +1 send 5';
