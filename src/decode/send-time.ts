/** Names that events use for the server's own clock, the more specific first. */
const KEYS = [
  'timestamp',
  'ts',
  'sent_at',
  'sentAt',
  'emitted_at',
  'emittedAt',
  'server_time',
  'serverTime',
  'at',
  'time',
  'created_at',
  'createdAt',
  'created',
] as const;

const MENTIONED = new RegExp(`"(?:${KEYS.join('|')})"\\s*:`);

/** 2001-09-09 and 2100-01-01: what lies outside is a counter or a duration, not a date. */
const EARLIEST_EPOCH_MS = 1_000_000_000_000;
const LATEST_EPOCH_MS = 4_102_444_800_000;

/** Longer texts are documents, not events that a server stamps. */
const MAX_TEXT_LENGTH = 256 * 1024;

const ISO = /^(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d:\d\d)(\.\d{1,9})?\s*(Z|[+-]\d\d:?\d\d)?$/;

/**
 * When the server says it sent this event: Unix epoch ms, NaN when it does not say. Looks at well-known members of a
 * JSON object (or of the objects in a JSON array), at the top and one level down. Takes seconds, milliseconds,
 * microseconds, nanoseconds and ISO 8601. Socket.IO packets (`42["event",{…}]`) are read as their JSON.
 */
export function sentEpochMsOf(text: string): number {
  if (text.length > MAX_TEXT_LENGTH || !MENTIONED.test(text)) return Number.NaN;
  const start = /^\s*(?:\d[\d/\w,-]{0,64}?)?(?=[[{])/.exec(text);
  if (!start) return Number.NaN;
  let value: unknown;
  try {
    value = JSON.parse(text.slice(start[0].length));
  } catch {
    return Number.NaN;
  }
  const candidates = [value, ...childrenOf(value)];
  for (const candidate of candidates) {
    const epochMs = stampOf(candidate);
    if (!Number.isNaN(epochMs)) return epochMs;
  }
  return Number.NaN;
}

function childrenOf(value: unknown): unknown[] {
  return typeof value === 'object' && value !== null ? Object.values(value).slice(0, 64) : [];
}

function stampOf(value: unknown): number {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return Number.NaN;
  for (const key of KEYS) {
    if (!Object.hasOwn(value, key)) continue;
    const epochMs = toEpochMs((value as Record<string, unknown>)[key]);
    if (!Number.isNaN(epochMs)) return epochMs;
  }
  return Number.NaN;
}

function toEpochMs(value: unknown): number {
  if (typeof value === 'number') return fromNumber(value);
  if (typeof value !== 'string' || value.length > 40) return Number.NaN;
  if (/^\d{9,19}(\.\d+)?$/.test(value)) return fromNumber(Number(value));
  const iso = ISO.exec(value);
  if (!iso) return Number.NaN;
  // A time without a zone is read as UTC: only differences matter, and they must not depend on who reads.
  const fraction = (iso[3] ?? '').slice(0, 4);
  return plausible(Date.parse(`${iso[1]}T${iso[2]}${fraction}${iso[4] ?? 'Z'}`));
}

function fromNumber(value: number): number {
  for (const perMs of [0.001, 1, 1e3, 1e6]) {
    const epochMs = plausible(value / perMs);
    if (!Number.isNaN(epochMs)) return epochMs;
  }
  return Number.NaN;
}

function plausible(epochMs: number): number {
  return epochMs >= EARLIEST_EPOCH_MS && epochMs < LATEST_EPOCH_MS ? epochMs : Number.NaN;
}
