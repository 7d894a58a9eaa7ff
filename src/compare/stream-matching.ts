import { endpointOf, hostOf } from '../diagnose/facts/endpoint';
import type { StreamRef } from '../diagnose/rule';
import type { StreamRecord } from '../trace/types';
import { alignKeys } from './align';
import type { HostPair } from './types';

export interface MatchedStreams {
  a: StreamRecord;
  b: StreamRecord;
  endpoint: string;
  matchedBy: 'content' | 'order';
}

/**
 * Method and path with ids replaced, without scheme, host and query: the same call of another environment has the same,
 * also when a token or a version was put behind it there.
 */
export function pathEndpoint({ request, kind }: StreamRecord): string {
  return endpointPath({ kind, method: request.method, url: request.url });
}

export function endpointPath({ kind, method, url }: Pick<StreamRef, 'kind' | 'method' | 'url'>): string {
  const endpoint = endpointOf(method, url);
  const path = endpoint.replace(/^(\S+) [a-z][a-z0-9+.-]*:\/\/[^/?]*/i, '$1 ').replace(/\?.*$/, '');
  return kind === 'websocket' ? path.replace(/^\S+/, 'WS') : path;
}

/**
 * Which hosts of `a` are which of `b`: as given, else by equal names, else those that answer the most endpoints alike.
 * A host is taken once.
 */
export function matchHosts(
  a: readonly StreamRecord[],
  b: readonly StreamRecord[],
  given: ReadonlyMap<string, string>,
): HostPair[] {
  const inA = endpointsByHost(a);
  const inB = endpointsByHost(b);
  const pairs: HostPair[] = [];
  const take = (one: string, other: string, how: HostPair['how']) => {
    if (!inA.delete(one)) return;
    inB.delete(other);
    pairs.push({ a: one, b: other, how });
  };
  for (const [one, other] of given) take(one, other, 'given');
  for (const host of [...inA.keys()]) if (inB.has(host)) take(host, host, 'equal');
  const guesses = [...inA].flatMap(([one, ofA]) =>
    [...inB].map(([other, ofB]) => ({ one, other, shared: sharedCount(ofA, ofB) })),
  );
  guesses.sort((x, y) => y.shared - x.shared);
  for (const { one, other, shared } of guesses) {
    if (shared > 0 && inA.has(one) && inB.has(other)) take(one, other, 'guessed');
  }
  return pairs;
}

function endpointsByHost(streams: readonly StreamRecord[]): Map<string, Set<string>> {
  const hosts = new Map<string, Set<string>>();
  for (const stream of streams) {
    const host = hostOf(stream.request.url);
    const endpoints = hosts.get(host) ?? new Set();
    endpoints.add(pathEndpoint(stream));
    hosts.set(host, endpoints);
  }
  return hosts;
}

function sharedCount(one: ReadonlySet<string>, other: ReadonlySet<string>): number {
  let count = 0;
  for (const endpoint of one) if (other.has(endpoint)) count++;
  return count;
}

/**
 * Pairs the calls of each endpoint: those that asked for the same, in order; between them those with the same parameters;
 * and what is left between these one by one. Endpoints that only one side has are paired by the end of their paths. What
 * is left over has no counterpart.
 */
export function matchStreams(
  a: readonly StreamRecord[],
  b: readonly StreamRecord[],
  hosts: readonly HostPair[],
): MatchedStreams[] {
  const asB = new Map(hosts.map((pair) => [pair.a, pair.b]));
  const ofA = groupBy(a, (stream) => {
    const host = asB.get(hostOf(stream.request.url));
    return host === undefined ? null : `${host} ${pathEndpoint(stream)}`;
  });
  const ofB = groupBy(b, (stream) => `${hostOf(stream.request.url)} ${pathEndpoint(stream)}`);
  const matched: MatchedStreams[] = [];
  const pairAll = (
    callsA: readonly StreamRecord[],
    callsB: readonly StreamRecord[],
    endpoint: string,
    sharedSegments = Number.POSITIVE_INFINITY,
  ) => {
    const keys = [(stream: StreamRecord) => contentOf(stream, sharedSegments), parametersOf];
    pairCalls(callsA, callsB, keys, (one, other, level) => {
      matched.push({ a: one, b: other, endpoint, matchedBy: level === 0 ? 'content' : 'order' });
    });
  };
  for (const [key, callsA] of ofA) {
    const callsB = ofB.get(key);
    if (callsB) pairAll(callsA, callsB, pathEndpoint(callsA[0]!));
  }
  const allA = groupBy(a, pathEndpoint);
  const allB = groupBy(b, pathEndpoint);
  const onlyA = [...allA.keys()].filter((endpoint) => !allB.has(endpoint));
  const onlyB = [...allB.keys()].filter((endpoint) => !allA.has(endpoint));
  for (const { one, other, endpoint, sharedSegments } of pairsByPathEnd(onlyA, onlyB)) {
    pairAll(allA.get(one)!, allB.get(other)!, endpoint, sharedSegments);
  }
  return matched;
}

/**
 * Endpoints that only one side has, by the end of their paths: a gateway or a test page puts a stage or a name in front
 * (`/prod/chat`, `/chat`). Only where each is the other's single best counterpart; a wrong pair is worse than none.
 */
function pairsByPathEnd(a: readonly string[], b: readonly string[]) {
  const ends = a.flatMap((one) =>
    b.flatMap((other) => {
      const shared = sharedEnd(one, other);
      return shared.length > 0 ? [{ one, other, shared }] : [];
    }),
  );
  return ends.flatMap(({ one, other, shared }) => {
    const isBest = ends.every(
      (end) =>
        (end.one !== one && end.other !== other) ||
        (end.one === one && end.other === other) ||
        end.shared.length < shared.length,
    );
    const method = one.split(' ')[0];
    if (!isBest) return [];
    return [{ one, other, endpoint: `${method} …/${shared.join('/')}`, sharedSegments: shared.length }];
  });
}

/** The segments that both paths end with; none when the methods differ, or when there is no word among them. */
function sharedEnd(one: string, other: string): string[] {
  const [methodA, pathA = ''] = one.split(' ');
  const [methodB, pathB = ''] = other.split(' ');
  if (methodA !== methodB) return [];
  const a = pathA.split('/').filter(Boolean);
  const b = pathB.split('/').filter(Boolean);
  let count = 0;
  while (count < a.length && count < b.length && a.at(-1 - count) === b.at(-1 - count)) count++;
  const shared = count === 0 ? [] : a.slice(-count);
  return shared.some((segment) => !/^\{id\}$|_\{id\}$/.test(segment)) ? shared : [];
}

function groupBy(
  streams: readonly StreamRecord[],
  keyOf: (stream: StreamRecord) => string | null,
): Map<string, StreamRecord[]> {
  const groups = new Map<string, StreamRecord[]>();
  for (const stream of streams) {
    const key = keyOf(stream);
    if (key === null) continue;
    const group = groups.get(key);
    if (group) group.push(stream);
    else groups.set(key, [stream]);
  }
  return groups;
}

type KeyOf = (stream: StreamRecord) => string;

/** Pairs by the first key, and what lies between two pairs by the next; without a key, one by one. */
function pairCalls(
  a: readonly StreamRecord[],
  b: readonly StreamRecord[],
  [keyOf, ...others]: readonly KeyOf[],
  take: (a: StreamRecord, b: StreamRecord, level: number) => void,
  level = 0,
): void {
  if (!keyOf) {
    for (let index = 0; index < Math.min(a.length, b.length); index++) take(a[index]!, b[index]!, level);
    return;
  }
  let aNext = 0;
  let bNext = 0;
  for (const [aAt, bAt] of [...alignKeys(a.map(keyOf), b.map(keyOf)), [a.length, b.length] as const]) {
    pairCalls(a.slice(aNext, aAt), b.slice(bNext, bAt), others, take, level + 1);
    if (aAt < a.length) take(a[aAt]!, b[bAt]!, level);
    aNext = aAt + 1;
    bNext = bAt + 1;
  }
}

/**
 * What was asked for, beyond the endpoint: path and query with their values, and the body. Of the path only its last
 * `segments`, where the beginnings are known to differ.
 */
function contentOf({ request }: StreamRecord, segments: number): string {
  const [path = '', ...query] = request.url.replace(/^[a-z][a-z0-9+.-]*:\/\/[^/?]*/i, '').split(/(?=\?)/);
  const end = Number.isFinite(segments) ? path.split('/').filter(Boolean).slice(-segments).join('/') : path;
  return `${end}${query.join('')}\n${request.body?.text ?? ''}`;
}

/** Names of the query's parameters: they often choose the operation. */
function parametersOf({ request }: StreamRecord): string {
  return endpointOf(request.method, request.url).split('?')[1] ?? '';
}
