import { parseObject } from './json';

const TEXTS = new Set(['[DONE]', '[END]', '[EOF]', '[STOP]', '[COMPLETE]', '[FINISHED]']);

/** Event names and JSON `type` values that close a stream. `error` is not one: it says why no end will come. */
const NAMES = new Set([
  'done',
  'end',
  'finish',
  'finished',
  'complete',
  'completed',
  'eof',
  'message_stop',
  'stream_end',
  'stream-end',
  'end_of_stream',
  'response.completed',
  'response.failed',
  'response.incomplete',
  'response.done',
  'thread.run.completed',
]);

/** Members that say it by being true (Ollama's last NDJSON line has `"done": true`). */
const FLAGS = ['done', 'finished', 'is_final', 'isFinal', 'is_finished', 'end_of_stream'] as const;

const MAX_LENGTH = 256 * 1024;

/**
 * The end marker that this event is, or null: `[DONE]`, `message_stop`, `done`, `done: true`. A `finish_reason` is
 * none: it closes one choice of an answer, and the stream's own end comes after it.
 */
export function endMarkerOf(data: string | null, name: string | null): string | null {
  if (name !== null && NAMES.has(name.toLowerCase())) return name.toLowerCase();
  if (data === null || data.length > MAX_LENGTH) return null;
  const text = data.trim();
  if (TEXTS.has(text.toUpperCase())) return text.toUpperCase();
  if (NAMES.has(text.toLowerCase())) return text.toLowerCase();
  if (!text.startsWith('{')) return null;
  const value = parseObject(text);
  if (!value) return null;
  for (const member of [value.type, value.event, value.kind]) {
    if (typeof member === 'string' && NAMES.has(member.toLowerCase())) return member.toLowerCase();
  }
  const flag = FLAGS.find((key) => value[key] === true);
  return flag ? `${flag}: true` : null;
}
