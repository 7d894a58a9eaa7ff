import type { Point } from './stream-series';

/** A curve and how it is told from the others: by colour, dash and mark, never by colour alone. */
export interface CurveLine {
  label: string;
  points: readonly Point[];
  look: 'first' | 'second' | 'bad';
  /** It stays as it was until the next point. */
  stepped?: boolean;
  /** Points are marked; for few of them. */
  marked?: boolean;
  /** Points that have nothing between them: marks without a line. */
  unjoined?: boolean;
}

/** The value of the last point up to there; null before the first. */
export function valueAt(points: CurveLine['points'], x: number): number | null {
  let value: number | null = null;
  for (const point of points) {
    if (point.x > x) break;
    value = point.y;
  }
  return value;
}
