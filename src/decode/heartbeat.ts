import { parseObject } from './json';

const NAMES = new Set(['ping', 'pong', 'heartbeat', 'keepalive', 'keep-alive', 'keep_alive', 'ka']);
const BARE = /^\[?(?:ping|pong|heartbeat|keep[-_ ]?alive)\]?$/i;

/** "[keep-alive]" is the longest of them. */
const MAX_BARE_LENGTH = 12;

/** Longest text that can be a keep-alive: what is longer carries something. */
const MAX_LENGTH = 256;

/**
 * True for events that only keep the line open: no data, `ping` by name, by text or by a JSON `type`, and Engine.IO's
 * ping and pong where the address says that Engine.IO is spoken.
 */
export function isHeartbeat(data: string | null, name: string | null, speaksEngineIo: boolean): boolean {
  if (name !== null && NAMES.has(name.toLowerCase())) return true;
  if (data === null || data.length > MAX_LENGTH) return false;
  const text = data.trim();
  if (text === '' || (text.length <= MAX_BARE_LENGTH && BARE.test(text))) return true;
  if (speaksEngineIo && (text === '2' || text === '3')) return true;
  if (!text.startsWith('{') || !/ping|pong|heart|keep|ka/i.test(text)) return false;
  const value = parseObject(text);
  if (!value) return false;
  const isKeepAlive = (one: unknown) => typeof one === 'string' && NAMES.has(one.toLowerCase());
  if ([value.type, value.event, value.kind, value.op, value.action].some(isKeepAlive)) return true;
  const keys = Object.keys(value);
  return keys.length === 1 && isKeepAlive(keys[0]);
}
