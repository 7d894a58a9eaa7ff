import { decodeUtf8 } from '../../lib/text';
import type { StreamRecord } from '../../trace/types';

const MAX_BYTES = 16 * 1024;

/** The first 16 KB of a body as text, from wherever they were captured; empty when they were not. */
export function bodyTextOf(stream: StreamRecord): string {
  const whole = stream.response?.body;
  if (whole) return whole.text.slice(0, MAX_BYTES);
  let text = '';
  for (const payload of stream.chunks.payload) {
    if (!payload || text.length >= MAX_BYTES) break;
    text += decodeUtf8(payload.subarray(0, MAX_BYTES));
  }
  return text.slice(0, MAX_BYTES);
}
