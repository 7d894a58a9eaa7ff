import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import protobuf from 'protobufjs';

/**
 * The parts of opentelemetry-proto that carry spans (collector/trace/v1, trace/v1, resource/v1, common/v1), with the
 * numbers and types of the standard.
 */
const PROTO = `
syntax = "proto3";
message ExportTraceServiceRequest { repeated ResourceSpans resource_spans = 1; }
message ResourceSpans { Resource resource = 1; repeated ScopeSpans scope_spans = 2; string schema_url = 3; }
message Resource { repeated KeyValue attributes = 1; uint32 dropped_attributes_count = 2; }
message ScopeSpans { InstrumentationScope scope = 1; repeated Span spans = 2; string schema_url = 3; }
message InstrumentationScope { string name = 1; string version = 2; repeated KeyValue attributes = 3; uint32 dropped_attributes_count = 4; }
message KeyValue { string key = 1; AnyValue value = 2; }
message AnyValue { oneof value { string string_value = 1; bool bool_value = 2; int64 int_value = 3; double double_value = 4; ArrayValue array_value = 5; KeyValueList kvlist_value = 6; bytes bytes_value = 7; } }
message ArrayValue { repeated AnyValue values = 1; }
message KeyValueList { repeated KeyValue values = 1; }
message Span {
  bytes trace_id = 1; bytes span_id = 2; string trace_state = 3; bytes parent_span_id = 4; fixed32 flags = 16; string name = 5;
  enum SpanKind { SPAN_KIND_UNSPECIFIED = 0; SPAN_KIND_INTERNAL = 1; SPAN_KIND_SERVER = 2; SPAN_KIND_CLIENT = 3; SPAN_KIND_PRODUCER = 4; SPAN_KIND_CONSUMER = 5; }
  SpanKind kind = 6; fixed64 start_time_unix_nano = 7; fixed64 end_time_unix_nano = 8;
  repeated KeyValue attributes = 9; uint32 dropped_attributes_count = 10;
  message Event { fixed64 time_unix_nano = 1; string name = 2; repeated KeyValue attributes = 3; uint32 dropped_attributes_count = 4; }
  repeated Event events = 11; uint32 dropped_events_count = 12;
  message Link { bytes trace_id = 1; bytes span_id = 2; string trace_state = 3; repeated KeyValue attributes = 4; uint32 dropped_attributes_count = 5; fixed32 flags = 6; }
  repeated Link links = 13; uint32 dropped_links_count = 14; Status status = 15;
}
message Status {
  string message = 2;
  enum StatusCode { STATUS_CODE_UNSET = 0; STATUS_CODE_OK = 1; STATUS_CODE_ERROR = 2; }
  StatusCode code = 3;
}`;

const request = protobuf.parse(PROTO).root.lookupType('ExportTraceServiceRequest');

export interface CollectedSpan {
  traceId: string;
  spanId: string;
  parentSpanId: string;
  name: string;
  kind: string;
  startMs: number;
  endMs: number;
  attributes: Record<string, unknown>;
  resource: Record<string, unknown>;
  events: { name: string; atMs: number; attributes: Record<string, unknown> }[];
  droppedEventsCount: number;
  status: string;
}

/**
 * Reads OTLP/JSON as a collector does: every member must be one of the standard's (in lowerCamelCase, ids in hexadecimal)
 * and survive the standard's binary form.
 */
export function readOtlp(body: string): CollectedSpan[] {
  const json: unknown = JSON.parse(body);
  checkMembers(json, request);
  const withBytes = JSON.parse(body, (key, value: unknown) => {
    if (!/^(?:traceId|spanId|parentSpanId)$/.test(key) || typeof value !== 'string') return value;
    if (!/^(?:[0-9a-f]{32}|[0-9a-f]{16}|)$/.test(value)) throw new Error(`${key} is no id: ${value}`);
    return Buffer.from(value, 'hex').toString('base64');
  }) as object;
  const bytes = request.encode(request.fromObject(withBytes)).finish();
  const plain = request.toObject(request.decode(bytes), {
    longs: String,
    enums: String,
    bytes: Buffer as never,
    arrays: true,
  }) as Plain;
  return plain.resourceSpans.flatMap(({ resource, scopeSpans }) =>
    scopeSpans.flatMap(({ spans }) =>
      spans.map((span) => ({
        traceId: hex(span.traceId),
        spanId: hex(span.spanId),
        parentSpanId: hex(span.parentSpanId),
        name: span.name ?? '',
        kind: span.kind ?? '',
        startMs: Number(span.startTimeUnixNano) / 1e6,
        endMs: Number(span.endTimeUnixNano) / 1e6,
        attributes: recordOf(span.attributes),
        resource: recordOf(resource?.attributes ?? []),
        events: span.events.map((event) => ({
          name: event.name ?? '',
          atMs: Number(event.timeUnixNano) / 1e6,
          attributes: recordOf(event.attributes),
        })),
        droppedEventsCount: span.droppedEventsCount ?? 0,
        status: span.status?.code ?? 'STATUS_CODE_UNSET',
      })),
    ),
  );
}

interface PlainValue {
  stringValue?: string;
  boolValue?: boolean;
  intValue?: string;
  doubleValue?: number;
  arrayValue?: { values: PlainValue[] };
}
type PlainAttributes = { key: string; value: PlainValue }[];
interface Plain {
  resourceSpans: {
    resource?: { attributes: PlainAttributes };
    scopeSpans: {
      spans: {
        traceId?: Buffer;
        spanId?: Buffer;
        parentSpanId?: Buffer;
        name?: string;
        kind?: string;
        startTimeUnixNano?: string;
        endTimeUnixNano?: string;
        attributes: PlainAttributes;
        events: { name?: string; timeUnixNano?: string; attributes: PlainAttributes }[];
        droppedEventsCount?: number;
        status?: { code?: string };
      }[];
    }[];
  }[];
}

function hex(bytes: Uint8Array | undefined): string {
  return Buffer.from(bytes ?? []).toString('hex');
}

function recordOf(attributes: PlainAttributes): Record<string, unknown> {
  return Object.fromEntries(attributes.map(({ key, value }) => [key, plainValue(value)]));
}

function plainValue(value: PlainValue): unknown {
  if (value.arrayValue) return value.arrayValue.values.map(plainValue);
  if (value.intValue !== undefined) return Number(value.intValue);
  return value.stringValue ?? value.boolValue ?? value.doubleValue;
}

/** `fromObject` ignores members it does not know, which a collector that checks would refuse. */
function checkMembers(value: unknown, type: protobuf.Type): void {
  if (typeof value !== 'object' || value === null) throw new Error(`${type.name} is no object`);
  for (const [key, member] of Object.entries(value)) {
    const field = type.fields[key];
    if (!field) throw new Error(`${type.name} has no member ${key}`);
    field.resolve();
    if (!(field.resolvedType instanceof protobuf.Type) || member === undefined) continue;
    for (const one of Array.isArray(member) ? member : [member]) checkMembers(one, field.resolvedType);
  }
}

export interface Collector {
  url: string;
  /** Requests in the order in which they came. */
  received: { path: string; contentType: string; authorization: string; spans: CollectedSpan[] }[];
  close(): Promise<void>;
}

/** A collector on a free port of the loopback interface. */
export async function startCollector(status = 200): Promise<Collector> {
  const received: Collector['received'] = [];
  const server = createServer((incoming, outgoing) => {
    const parts: Buffer[] = [];
    incoming.on('data', (part: Buffer) => parts.push(part));
    incoming.on('end', () => {
      received.push({
        path: incoming.url ?? '',
        contentType: incoming.headers['content-type'] ?? '',
        authorization: incoming.headers.authorization ?? '',
        spans: readOtlp(Buffer.concat(parts).toString()),
      });
      outgoing.writeHead(status, { 'content-type': 'application/json' }).end('{"partialSuccess":{}}');
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    received,
    close: () => new Promise((resolve) => server.close(() => resolve())),
  };
}
