import type { StreamRecord } from '../../trace/types';
import { endingOf, isOpened, netErrorOf } from './endings';
import { isClosedByPage } from './session-exchange';
import { originOf } from './sites';
import type { StreamFacts } from './stream-facts';

/**
 * How a WebSocket's handshake went.
 * - `opened` · `pending` still under way
 * - `page` the page closed it, or left, before it was open · `client` the user's own network or the browser was in the way
 * - `unreached` no server was there · `refused` it failed on the way or at the server
 * - `unseen` it is over, and nothing in the recording says how it went
 */
export type HandshakeOutcome = 'opened' | 'pending' | 'page' | 'client' | 'unreached' | 'refused' | 'unseen';

const UNREACHED = /^ERR_(CONNECTION_(REFUSED|TIMED_OUT|FAILED)|NAME_|DNS_|ADDRESS_|TIMED_OUT)/;
/** The browser or an extension in it said no before anything left. */
const BLOCKED = /^ERR_(BLOCKED_BY|ACCESS_DENIED|DISALLOWED|UNSAFE|NETWORK_ACCESS_DENIED)/;
/** Chromium's words for a handshake that was answered with another status than 101. */
const RESPONSE_CODE = /Unexpected response code: (\d{3})\b/;

export function handshakeOutcome(facts: StreamFacts): HandshakeOutcome {
  const { stream } = facts;
  if (isOpened(stream)) return 'opened';
  if (!stream.end) return 'pending';
  if (isClosedByPage(facts)) return 'page';
  const error = errorNameOf(stream);
  if (error && BLOCKED.test(error)) return 'client';
  if (error && UNREACHED.test(error)) return 'unreached';
  const ending = endingOf(stream);
  if (ending === 'page' || ending === 'client') return ending;
  const isTold =
    refusedStatusOf(stream) !== null ||
    netErrorOf(stream) !== null ||
    stream.end.message !== null ||
    stream.end.closeCode !== null ||
    stream.seenBy.tap;
  return isTold ? 'refused' : 'unseen';
}

/** The HTTP status that a handshake was answered with instead of 101; null when nobody saw it. */
export function refusedStatusOf({ response, end }: StreamRecord): number | null {
  if (response && response.status >= 200) return response.status;
  const told = RESPONSE_CODE.exec(end?.message ?? '')?.[1];
  return told === undefined ? null : Number(told);
}

/**
 * `ERR_…` from the network's word or, in a HAR, from the console's. The bare ERR_FAILED, which the network has for every
 * handshake that was not answered 101, names nothing.
 */
export function errorNameOf(stream: StreamRecord): string | null {
  const told = /\bnet::(ERR_[A-Z0-9_]{1,80})/.exec(stream.end?.message ?? '')?.[1] ?? null;
  const named = netErrorOf(stream);
  return named === 'ERR_FAILED' ? told : (named ?? told);
}

/** Scheme, host and path: WebSockets of one service, whatever their query. */
export function serviceOf(url: string): string {
  const server = originOf(url) ?? '';
  return server + (/^[a-z]+:\/\/[^/?#]*([^?#]*)/i.exec(url)?.[1] ?? '');
}
