import { memo } from 'preact/compat';
import { formatDuration, formatOffset } from '../format';
import type { Step, Story } from '../model/session-story';
import { stepWords } from '../model/step-words';
import { Icon } from './icons';
import { GridRow, ListGrid } from './list-grid';

const COLUMNS = [
  { title: 'Time', numeric: true },
  { title: 'Took', numeric: true },
  { title: 'Step' },
  { title: 'Detail' },
];

export interface StepListProps {
  story: Story;
  selected: number | null;
  onPick(step: number | null): void;
}

/** The steps of a session or a job as a list: the same as the lanes, in words and by keyboard. */
export function StepList({ story, selected, onPick }: StepListProps) {
  const { steps } = story;
  return (
    <ListGrid
      name="step"
      label="Steps"
      class="step-list"
      columns={COLUMNS}
      count={steps.length}
      at={selected ?? -1}
      scrolls
      onPick={onPick}
      row={(position, topPx) => {
        const step = steps[position];
        return (
          step && (
            <StepRow
              key={position}
              step={step}
              took={step.toMs === null ? null : step.toMs - step.atMs}
              position={position}
              topPx={topPx}
              startedAtMs={story.fromMs}
              selected={position === selected}
            />
          )
        );
      }}
    />
  );
}

interface StepRowProps {
  step: Step;
  took: number | null;
  position: number;
  topPx: number;
  startedAtMs: number;
  selected: boolean;
}

const StepRow = memo(function StepRow(props: StepRowProps) {
  const { step, took, position, topPx, startedAtMs, selected } = props;
  const { what, detail, direction } = stepWords(step);
  return (
    <GridRow name="step" position={position} topPx={topPx} selected={selected} tone={step.tone}>
      <div class="cell numeric" role="gridcell">
        {formatOffset(step.atMs - startedAtMs)}
      </div>
      <div class="cell numeric" role="gridcell">
        {took === null ? '' : formatDuration(took)}
      </div>
      <div class="cell step" role="gridcell">
        {direction ? <Icon name={direction} /> : <ToneMark tone={step.tone} />}
        {direction && <span class="sr-only">{direction} </span>}
        <span class="step-word">{what}</span>
      </div>
      <div class="cell" role="gridcell" title={detail}>
        {detail}
      </div>
    </GridRow>
  );
});

/** A bar, a tick or a cross, as in the lanes. */
function ToneMark({ tone }: { tone: Step['tone'] }) {
  return (
    <svg class={`tone-mark ${tone}`} viewBox="0 0 12 12" aria-hidden="true">
      {tone === 'bad' ? (
        <path class="lane-cross" d="M2.5 2.5l7 7M9.5 2.5l-7 7" />
      ) : (
        <path d={tone === 'dim' ? 'M1 5h10v2H1z' : 'M1 3h10v6H1z'} />
      )}
    </svg>
  );
}
