import type { LossItem } from '../model/losses';
import { useModel } from './context';

/** What the recording does not hold, why, and what to do. */
export function LossList({ losses }: { losses: readonly LossItem[] }) {
  const { controls } = useModel();
  return (
    <div class="losses">
      <p class="losses-title">What this recording is missing</p>
      <ul>
        {losses.map((item) => (
          <li key={item.key}>
            <strong>{item.what}.</strong> {item.why}
            {item.remedy && <span class="remedy"> {item.remedy}</span>}
          </li>
        ))}
      </ul>
      {losses.some((item) => item.key === 'late') && controls.reload && (
        <button type="button" class="pill" onClick={() => controls.reload?.()}>
          Reload and record
        </button>
      )}
    </div>
  );
}
