import { describe, expect, it } from 'vitest';
import { fromJson, toJson } from '../../../src/protocol/json';
import { MAX_MESSAGE_BYTES, type TapBatch } from '../../../src/protocol/messages';
import { DEFAULT_CONFIG } from '../../../src/protocol/ports';
import { isWithin, MAX_BATCH_RECORDS, parseTapCommand, parseTapMessage } from '../../../src/protocol/schema';
import { DEFAULT_LIMITS } from '../../../src/trace/types';
import { batch, end, head, hello, start } from '../store/simulation';

const full = (): TapBatch =>
  batch({
    seq: 3,
    dropped: 1,
    starts: [start({ headers: [['accept', 'text/event-stream']], protocols: ['chat'] })],
    heads: [head()],
    ends: [end({ closeCode: 1006, wasClean: false })],
    losses: [{ stream: 1, reason: 'opaque' }],
    chunks: [
      { atMs: 1, text: 'één' },
      { atMs: 2, waitedMs: -1 },
    ],
    messages: [{ atMs: 3, text: 'hi', name: 'tick' }],
    blocked: [[1, 60]],
  });

describe('messages of a tap', () => {
  it.each([
    ['hello', hello()],
    ['a full batch', full()],
    ['an empty batch', batch({})],
    ['bye', { type: 'bye', atMs: 5 }],
  ])('pass: %s', (_, message) => {
    expect(parseTapMessage(message)).toEqual(message);
    expect(parseTapMessage(structuredClone(message))).toEqual(message);
  });

  it('survive a channel of JSON', () => {
    const message = full();
    const crossed = fromJson(JSON.parse(JSON.stringify(toJson(message))));
    expect(parseTapMessage(crossed)).toEqual(message);
  });

  const chunks = (change: object) => ({ ...full(), chunks: { ...full().chunks!, ...change } });
  const messages = (change: object) => ({ ...full(), messages: { ...full().messages!, ...change } });
  const starts = (change: object) => ({ ...full(), starts: [{ ...start(), ...change }] });
  const cyclic: Record<string, unknown> = { type: 'batch' };
  cyclic.starts = cyclic;
  const deep = JSON.parse(`${'{"a":'.repeat(50)}1${'}'.repeat(50)}`);
  it.each<[string, unknown]>([
    ['nothing', undefined],
    ['null', null],
    ['a string', 'batch'],
    ['an array', [hello()]],
    ['another type', { type: 'restore' }],
    ['a type of the prototype', { type: '__proto__' }],
    ['a hello without a key', { ...hello(), documentKey: '' }],
    ['a hello with a huge key', { ...hello(), documentKey: 'x'.repeat(300) }],
    ['a hello with no time', { ...hello(), timeOriginEpochMs: Number.NaN }],
    ['a bye without a time', { type: 'bye' }],
    ['a batch without columns', { type: 'batch', seq: 1 }],
    ['negative drops', { ...full(), dropped: -1 }],
    ['a fractional sequence', { ...full(), seq: 0.5 }],
    ['an unknown kind', starts({ kind: 'script' })],
    ['a header that is no pair', starts({ headers: [['a', 'b', 'c']] })],
    ['a header that is no text', starts({ headers: [['a', 1]] })],
    ['too many headers', starts({ headers: Array.from({ length: 2000 }, () => ['a', 'b']) })],
    ['an endless start', starts({ atMs: Number.POSITIVE_INFINITY })],
    ['an impossible status', { ...full(), heads: [head({ status: 2000 })] }],
    ['too many ends', { ...full(), ends: Array.from({ length: MAX_BATCH_RECORDS + 1 }, () => end()) }],
    ['columns of unequal length', chunks({ atMs: new Float64Array(1) })],
    ['too few bytes', chunks({ bytes: new Uint8Array(1) })],
    ['too many bytes', chunks({ bytes: new Uint8Array(1000) })],
    ['shared bytes', chunks({ bytes: new Uint8Array(new SharedArrayBuffer(5)) })],
    ['a payload longer than its chunk', chunks({ payloadLength: [5, 0], byteLength: [4, 0] })],
    ['a chunk at no time', chunks({ atMs: [Number.NaN, 1] })],
    ['a wait below -1', chunks({ waitedMs: [-2, 0] })],
    ['a column of texts', chunks({ stream: ['1', '2'] })],
    ['a column of 32-bit numbers', chunks({ stream: new Uint32Array(2) })],
    ['a stream id that is no integer', chunks({ stream: [1.5, 1] })],
    ['a negative size', chunks({ byteLength: [-5, 0] })],
    ['a third direction', messages({ direction: [2] })],
    ['an impossible opcode', messages({ opcode: [99] })],
    ['a name that is an object', messages({ name: [{}] })],
    ['blocked spans without durations', { ...full(), blockedDurationMs: [] }],
    ['a negative blocked span', { ...full(), blockedDurationMs: [-1] }],
    ['a circle', cyclic],
    ['a well', { ...hello(), url: deep }],
    ['a Map', { ...full(), starts: new Map() }],
    ['too much text', { ...hello(), url: 'x'.repeat(MAX_MESSAGE_BYTES) }],
    ['too many bytes in all', chunks({ bytes: new Uint8Array(MAX_MESSAGE_BYTES + 1) })],
  ])('are refused: %s', (_, message) => {
    const parsed = parseTapMessage(message);
    expect(parsed).toHaveProperty('problem');
    expect((parsed as { problem: string }).problem).not.toBe('');
  });

  it('lose fields that are not in the protocol', () => {
    expect(parseTapMessage({ ...hello(), more: 'of it' })).toEqual(hello());
  });
});

describe('size', () => {
  it('is measured without walking past the limit', () => {
    let looked = 0;
    const many = new Proxy(new Array(1_000_000).fill('x'), {
      get: (target, name, receiver) => {
        looked++;
        return Reflect.get(target, name, receiver);
      },
    });
    expect(isWithin(many, 1000)).toBe(false);
    expect(looked).toBeLessThan(1000);
  });
});

describe('commands', () => {
  it('pass when they are known', () => {
    expect(parseTapCommand(DEFAULT_CONFIG)).toEqual(DEFAULT_CONFIG);
    expect(parseTapCommand({ type: 'credit', batches: -1 })).toBeNull();
    expect(parseTapCommand({ type: 'eval' })).toBeNull();
  });

  it('begin with the limits of a trace', () => {
    expect(DEFAULT_CONFIG).toEqual({
      type: 'config',
      maxChunkPayloadBytes: DEFAULT_LIMITS.maxChunkPayloadBytes,
      maxStreamPayloadBytes: DEFAULT_LIMITS.maxStreamPayloadBytes,
    });
  });
});

describe('broken JSON forms', () => {
  it.each([
    ['bytes that are not base64', { $bytes: '***' }],
    ['numbers cut short', { $floats: 'AAAA' }],
  ])('%s become null', (_, value) => {
    expect(fromJson(value)).toBeNull();
  });
});
