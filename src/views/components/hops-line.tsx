import { Fragment } from 'preact';
import type { Hop } from '../../diagnose/facts/stream-facts';

/** "browser → ALB → nginx/1.22.1 → origin", each with the header that betrays it as its tooltip. */
export function HopsLine({ hops }: { hops: readonly Hop[] }) {
  return (
    <span class="hops">
      <span>browser</span>
      {hops.map((hop) => (
        // The space before each arrow is where a narrow line breaks.
        <Fragment key={`${hop.label} ${hop.evidence}`}>
          {' '}
          <span>
            <span class="arrow">→ </span>
            <strong title={hop.evidence}>{hop.label}</strong>
          </span>
        </Fragment>
      ))}{' '}
      <span>
        <span class="arrow">→ </span>origin
      </span>
    </span>
  );
}
