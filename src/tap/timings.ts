import type { Body } from './bodies';
import {
  clearTimer,
  getters,
  indexOf,
  methods,
  now,
  safeSet,
  setTimer,
  substring,
  weakly,
} from './primordials';
import type { Recorder } from './recorder';

/** What the browser itself timed: long tasks, and the end of bodies that nobody reads where it can be watched. */
export interface Timings {
  /** Starts observing; nothing is observed on a page that has no stream. */
  begin(): void;
  /** Tells when the network has delivered this body, if the page does not read it in sight. */
  expect(url: string, startedAtMs: number, body: Body, response: Response, isTaken: IsTaken): void;
  stop(): void;
}

type IsTaken = (response: Response) => boolean;

interface Expected {
  url: string;
  startedAtMs: number;
  headAtMs: number;
  body: Body;
  response: () => Response | undefined;
  isTaken: IsTaken;
  /** When the network had delivered it; -1 until the browser says so. */
  endedAtMs: number;
}

const getEntries = methods('PerformanceObserverEntryList')<(self: unknown) => PerformanceEntry[]>(
  'getEntries',
);
const performanceObserverMethod = methods('PerformanceObserver');
const observe = performanceObserverMethod<(self: unknown, options: object) => void>('observe');
const disconnect = performanceObserverMethod<(self: unknown) => void>('disconnect');
const performanceEntryGetter = getters('PerformanceEntry');
const entryType = performanceEntryGetter<string>('entryType');
const entryName = performanceEntryGetter<string>('name');
const entryStart = performanceEntryGetter<number>('startTime');
const entryDuration = performanceEntryGetter<number>('duration');
const performanceResourceTimingGetter = getters('PerformanceResourceTiming');
const initiator = performanceResourceTimingGetter<string>('initiatorType');
const responseEnd = performanceResourceTimingGetter<number>('responseEnd');
const decodedSize = performanceResourceTimingGetter<number>('decodedBodySize');
const NativeObserver = PerformanceObserver;

/** Streams waiting for their entry: the newest are the ones that matter. */
const MAX_EXPECTED = 256;
/** A body that nobody has touched so long after its headers counts as never read, if it is no stream by type. */
const UNREAD_MS = 5000;
const SWEEP_MS = 1000;
/** The entry's start lies this close after the call; the clock is coarse. */
const START_TOLERANCE_MS = 50;

export function createTimings(recorder: () => Recorder): Timings {
  let observer: PerformanceObserver | null = null;
  let timer = 0;
  let count = 0;
  const expected = safeSet<Expected>();

  function forget(one: Expected): void {
    if (expected.delete(one)) count--;
  }

  /** Ends a stream whose body went where it cannot be watched. */
  function check(one: Expected): void {
    const { body, headAtMs, endedAtMs } = one;
    const { stream } = body;
    if (!stream.open || body.watched) {
      forget(one);
      return;
    }
    const response = one.response();
    const taken = response && one.isTaken(response);
    const atMs = now();
    // Taken: the network's end is its end. Collected by the garbage collector: nobody can read it any more.
    if (taken ? endedAtMs < 0 : response && (body.streaming || atMs - headAtMs < UNREAD_MS)) return;
    forget(one);
    recorder().loss(stream, 'consumed-natively');
    recorder().end(stream, 'complete', null, body.timed ?? body.promised, endedAtMs < 0 ? atMs : endedAtMs);
  }

  function onResource(entry: PerformanceEntry): void {
    if (count === 0 || initiator(entry) !== 'fetch') return;
    const url = withoutFragment(entryName(entry));
    const start = entryStart(entry);
    let best: Expected | null = null;
    let bestLate = START_TOLERANCE_MS;
    expected.forEach((one) => {
      const late = start - one.startedAtMs;
      if (one.url === url && one.endedAtMs < 0 && late > -1 && late < bestLate) {
        best = one;
        bestLate = late;
      }
    });
    // The callback above assigns it, which the compiler cannot follow.
    const found = best as Expected | null;
    if (!found) return;
    found.endedAtMs = responseEnd(entry);
    found.body.timed = decodedSize(entry) || null;
    check(found);
  }

  function sweep(): void {
    timer = 0;
    expected.forEach(check);
    if (count > 0) timer = setTimer(sweep, SWEEP_MS);
  }

  return {
    begin() {
      try {
        observer = new NativeObserver((list) => {
          try {
            const entries = getEntries(list);
            for (let i = 0; i < entries.length; i++) {
              const entry = entries[i]!;
              if (entryType(entry) === 'resource') onResource(entry);
              else recorder().blocked(entryStart(entry), entryDuration(entry));
            }
          } catch {
            // A browser without one of these: the times stay unknown.
          }
        });
        observe(observer, { __proto__: null, type: 'longtask' });
        observe(observer, { __proto__: null, type: 'resource' });
      } catch {
        // As above.
      }
    },
    expect(url, startedAtMs, body, response, isTaken) {
      if (count >= MAX_EXPECTED) {
        let first = true;
        expected.forEach((one) => {
          if (first) forget(one);
          first = false;
        });
      }
      count++;
      expected.add({
        url: withoutFragment(url),
        startedAtMs,
        headAtMs: now(),
        body,
        response: weakly(response),
        isTaken,
        endedAtMs: -1,
      });
      if (!timer) timer = setTimer(sweep, SWEEP_MS);
    },
    stop() {
      if (observer) disconnect(observer);
      if (timer) clearTimer(timer);
      expected.clear();
      count = 0;
    },
  };
}

function withoutFragment(url: string): string {
  const hash = indexOf(url, '#');
  return hash < 0 ? url : substring(url, 0, hash);
}
