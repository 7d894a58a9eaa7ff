import { headerValue } from '../../trace/headers';
import type { StreamRecord } from '../../trace/types';

/** Value of a response header of that name (given in lower case); null when absent or when no answer came. */
export function responseHeader(stream: StreamRecord, name: string): string | null {
  return stream.response ? headerValue(stream.response.headers, name) : null;
}

/** The response's media type without parameters, in lower case; empty when it says none. */
export function mediaType(stream: StreamRecord): string {
  return (responseHeader(stream, 'content-type') ?? '').split(';')[0]!.trim().toLowerCase();
}
