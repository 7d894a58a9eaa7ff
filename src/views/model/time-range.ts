/** A stretch of a time axis, ms. */
export interface Span {
  fromMs: number;
  toMs: number;
}

/** The nearest that a plot can be looked at. */
const LEAST_SPAN_MS = 0.5;

/** Zooms around a time; null when everything is in view. */
export function zoomed(span: Span, whole: Span, factor: number, aroundMs: number): Span | null {
  const lengthMs = Math.max(LEAST_SPAN_MS, (span.toMs - span.fromMs) / factor);
  const share = (aroundMs - span.fromMs) / Math.max(span.toMs - span.fromMs, Number.EPSILON);
  return within({ fromMs: aroundMs - lengthMs * share, toMs: aroundMs + lengthMs * (1 - share) }, whole);
}

/** Moves by a part of the visible span without leaving the whole. */
export function panned(span: Span, whole: Span, part: number): Span | null {
  const lengthMs = span.toMs - span.fromMs;
  const by = Math.max(whole.fromMs - span.fromMs, Math.min(whole.toMs - span.toMs, lengthMs * part));
  return within({ fromMs: span.fromMs + by, toMs: span.toMs + by }, whole);
}

/** The part of a span that lies in the whole, not shorter than can be looked at; null when that is all of it. */
export function within(span: Span, whole: Span): Span | null {
  const middleMs = (span.fromMs + span.toMs) / 2;
  const halfMs = Math.max(LEAST_SPAN_MS, span.toMs - span.fromMs) / 2;
  const fromMs = Math.max(whole.fromMs, middleMs - halfMs);
  const toMs = Math.min(whole.toMs, middleMs + halfMs);
  return fromMs <= whole.fromMs && toMs >= whole.toMs ? null : { fromMs, toMs };
}

/** Round times for an axis, at most `most` of them. */
export function axisTicks(span: Span, most: number): { atMs: number; stepMs: number }[] {
  const lengthMs = span.toMs - span.fromMs;
  if (!(lengthMs > 0) || most < 1) return [];
  const rough = lengthMs / most;
  const power = 10 ** Math.floor(Math.log10(rough));
  const stepMs = (STEPS.find((step) => step * power >= rough) ?? 10) * power;
  const ticks = [];
  for (let at = Math.ceil(span.fromMs / stepMs) * stepMs; at <= span.toMs; at += stepMs) {
    ticks.push({ atMs: at, stepMs });
  }
  return ticks;
}

const STEPS = [1, 2, 5, 10];

/** A time of an axis, with the decimals that its step needs: "250 ms", "1.5 s", "12 min". */
export function formatAxisMs(ms: number, stepMs: number, lengthMs: number): string {
  if (lengthMs < 1000) return `${trimmed(ms, stepMs)} ms`;
  return lengthMs < 600_000
    ? `${trimmed(ms / 1000, stepMs / 1000)} s`
    : `${trimmed(ms / 60_000, stepMs / 60_000)} min`;
}

function trimmed(value: number, step: number): string {
  return value.toFixed(Math.max(0, Math.min(3, -Math.floor(Math.log10(step) + 1e-9))));
}
