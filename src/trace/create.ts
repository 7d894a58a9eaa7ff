import {
  type ChunkColumns,
  DEFAULT_LIMITS,
  type MessageColumns,
  type StreamKind,
  type StreamRecord,
  TRACE_FORMAT,
  TRACE_VERSION,
  type Trace,
  type TraceLoss,
  type TraceMeta,
} from './types';

/** An empty trace whose origin is `meta.originEpochMs` (Unix epoch, ms). */
export function createTrace(meta: Pick<TraceMeta, 'originEpochMs' | 'recorder'> & Partial<TraceMeta>): Trace {
  return {
    format: TRACE_FORMAT,
    version: TRACE_VERSION,
    meta: {
      recorderVersion: '',
      browser: null,
      pageUrl: null,
      note: '',
      missing: [],
      ...meta,
    },
    limits: { ...DEFAULT_LIMITS },
    loss: createLoss(),
    documents: [],
    streams: [],
  };
}

export function createLoss(): TraceLoss {
  return {
    droppedRecords: 0,
    droppedStreams: 0,
    overLimitRecords: 0,
    evictedPayloadBytes: 0,
    refusedMessages: 0,
  };
}

export function createChunks(): ChunkColumns {
  return { atMs: [], byteLength: [], waitedMs: [], confidence: [], payload: [] };
}

export function createMessages(): MessageColumns {
  return {
    atMs: [],
    byteLength: [],
    confidence: [],
    direction: [],
    opcode: [],
    name: [],
    lastEventId: [],
    payload: [],
  };
}

/** An open stream about which nothing but its request line is known. */
export function createStream(
  init: { id: string; kind: StreamKind; url: string; startedAtMs: number } & {
    method?: string;
    documentId?: string | null;
    objectId?: string | null;
  },
): StreamRecord {
  return {
    id: init.id,
    kind: init.kind,
    documentId: init.documentId ?? null,
    objectId: init.objectId ?? null,
    seenBy: { tap: false, network: false, har: false },
    request: {
      method: init.method ?? 'GET',
      url: init.url,
      headers: [],
      headersComplete: false,
      body: null,
      credentials: null,
      mode: null,
      hasAbortSignal: null,
      protocols: [],
      withheldCookies: [],
    },
    response: null,
    timing: {
      startedAtMs: init.startedAtMs,
      sentAtMs: null,
      headersAtMs: null,
      firstByteAtMs: null,
      phases: null,
    },
    chunks: createChunks(),
    messages: createMessages(),
    end: null,
    losses: [],
  };
}
