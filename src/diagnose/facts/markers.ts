import { endMarkerOf } from '../../decode/end-marker';
import { parseObject } from '../../decode/json';
import { EventKind } from '../../decode/types';
import { responseHeader } from './headers';
import type { StreamFacts } from './stream-facts';

/** What a stream's events say about its end. */
export interface MarkerFacts {
  /** End marker among the last events: "[DONE]", "message_stop"; null when there is none. */
  seen: string | null;
  /** What the stream's protocol ends with, when its events show one. */
  required: { protocol: string; marker: string } | null;
  /** The answer itself said that it was whole (`finish_reason`, `stop_reason`), or why it was not (an error event). */
  isSettled: boolean;
  /** Events whose content is known were there to judge by. */
  isKnown: boolean;
}

/** Events looked at from each side. A marker comes last, with at most a usage report or heartbeats around it. */
const HEAD_EVENTS = 6;
const TAIL_EVENTS = 12;
/** Longer events are no protocol's envelope. */
const MAX_EVENT_LENGTH = 128 * 1024;

/** Siblings are asked again and again: the answer is kept until the stream grows. */
const memory = new WeakMap<StreamFacts, { length: number; ended: boolean; markers: MarkerFacts }>();

export function markersOf(facts: StreamFacts): MarkerFacts {
  const length = facts.decoded.events.atMs.length;
  const ended = facts.stream.end !== null;
  const kept = memory.get(facts);
  if (kept && kept.length === length && kept.ended === ended) return kept.markers;
  const markers = readMarkers(facts);
  memory.set(facts, { length, ended, markers });
  return markers;
}

function readMarkers(facts: StreamFacts): MarkerFacts {
  const { kind, data, name } = facts.decoded.events;
  const markers: MarkerFacts = { seen: null, required: null, isSettled: false, isKnown: false };
  for (let i = kind.length - 1, looked = 0; i >= 0 && looked < TAIL_EVENTS; i--) {
    if (kind[i] !== EventKind.data) continue;
    looked++;
    const text = data[i] ?? null;
    if (text !== null) markers.isKnown = true;
    markers.seen ??= endMarkerOf(text, name[i] ?? null);
    markers.isSettled ||= isSettling(text, name[i] ?? null);
  }
  if (responseHeader(facts.stream, 'x-vercel-ai-ui-message-stream') !== null) {
    markers.required = { protocol: 'AI SDK message stream', marker: 'finish' };
  }
  for (let i = 0, looked = 0; i < kind.length && looked < HEAD_EVENTS && !markers.required; i++) {
    if (kind[i] !== EventKind.data) continue;
    looked++;
    markers.required = protocolOf(data[i] ?? null);
  }
  return markers;
}

function objectOf(text: string | null): Record<string, unknown> | null {
  return text === null || text.length > MAX_EVENT_LENGTH ? null : parseObject(text);
}

/** The protocol an opening event belongs to, for those whose end is written down. */
function protocolOf(text: string | null): MarkerFacts['required'] {
  const value = objectOf(text);
  if (!value) return null;
  if (value.object === 'chat.completion.chunk')
    return { protocol: 'chat completion stream', marker: '[DONE]' };
  if (value.type === 'message_start' && typeof value.message === 'object') {
    return { protocol: 'message stream', marker: 'message_stop' };
  }
  if (value.type === 'response.created') {
    return { protocol: 'Responses stream', marker: 'response.completed' };
  }
  if (value.type === 'start' && typeof value.messageId === 'string') {
    return { protocol: 'AI SDK message stream', marker: 'finish' };
  }
  // Ollama: every line but the last says `"done": false`.
  if (value.done === false && typeof value.model === 'string') {
    return { protocol: 'Ollama stream', marker: 'done: true' };
  }
  return null;
}

/** The answer gave its own reason for stopping, or an error: what lacks after it is manners, not content. */
function isSettling(text: string | null, name: string | null): boolean {
  if (name !== null && /^(error|abort|aborted)$/i.test(name)) return true;
  const value = objectOf(text);
  if (!value) return false;
  if (value.error != null && value.error !== false) return true;
  if (value.type === 'error' || value.type === 'abort') return true;
  const delta = value.delta as Record<string, unknown> | null | undefined;
  if (value.type === 'message_delta' && typeof delta?.stop_reason === 'string') return true;
  if (!Array.isArray(value.choices)) return false;
  return value.choices.some(
    (choice: { finish_reason?: unknown } | null) => typeof choice?.finish_reason === 'string',
  );
}
