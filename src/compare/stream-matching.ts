import { endpointOf, hostOf } from '../diagnose/facts/endpoint';
import type { StreamRecord } from '../trace/types';
import { alignKeys } from './align';
import type { HostPair } from './types';

export interface MatchedStreams {
  a: StreamRecord;
  b: StreamRecord;
  endpoint: string;
  matchedBy: 'content' | 'order';
}

/** Method and path with ids replaced, without scheme and host: the same call of another environment has the same. */
export function pathEndpoint({ request, kind }: StreamRecord): string {
  const endpoint = endpointOf(request.method, request.url);
  const path = endpoint.replace(/^(\S+) [a-z][a-z0-9+.-]*:\/\/[^/?]*/i, '$1 ');
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
 * Pairs the calls of each endpoint: those that asked for the same, in order, and then what lies between them one by
 * one. What is left over has no counterpart.
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
  for (const [key, callsA] of ofA) {
    const callsB = ofB.get(key);
    if (!callsB) continue;
    const endpoint = pathEndpoint(callsA[0]!);
    for (const [aIndex, bIndex, matchedBy] of pairCalls(callsA.map(contentOf), callsB.map(contentOf))) {
      matched.push({ a: callsA[aIndex]!, b: callsB[bIndex]!, endpoint, matchedBy });
    }
  }
  return matched;
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

function* pairCalls(
  a: readonly string[],
  b: readonly string[],
): Generator<[a: number, b: number, by: 'content' | 'order']> {
  let aNext = 0;
  let bNext = 0;
  for (const [aIndex, bIndex] of [...alignKeys(a, b), [a.length, b.length] as const]) {
    while (aNext < aIndex && bNext < bIndex) yield [aNext++, bNext++, 'order'];
    if (aIndex < a.length) yield [aIndex, bIndex, 'content'];
    aNext = aIndex + 1;
    bNext = bIndex + 1;
  }
}

/** What was asked for, beyond the endpoint: path and query with their values, and the body. */
function contentOf({ request }: StreamRecord): string {
  const query = request.url.replace(/^[a-z][a-z0-9+.-]*:\/\/[^/?]*/i, '');
  return `${query}\n${request.body?.text ?? ''}`;
}
