import { memo } from 'preact/compat';
import { useEffect, useRef } from 'preact/hooks';
import { formatDuration, formatOffset } from '../format';
import type { Step, Story } from '../model/session-story';
import { stepWords } from '../model/step-words';
import { Icon } from './icons';
import { rowOfKey } from './list-keys';
import { useVirtual } from './use-virtual';

const ROW_PX = 20;

export interface StepListProps {
  story: Story;
  selected: number | null;
  onPick(step: number | null): void;
}

/** The steps of a session or a job as a list: the same as the lanes, in words and by keyboard. */
export function StepList({ story, selected, onPick }: StepListProps) {
  const { steps } = story;
  const scroller = useRef<HTMLDivElement>(null);
  const virtual = useVirtual(scroller, {
    count: steps.length,
    rowPx: ROW_PX,
    paddingStart: ROW_PX + 2,
    overscan: 10,
  });
  const at = selected ?? -1;
  useEffect(() => {
    if (at >= 0) virtual.scrollTo(at);
  }, [at]);
  const go = (to: number) => onPick(Math.max(0, Math.min(steps.length - 1, to)));
  const onKeyDown = (event: KeyboardEvent) => {
    const to = rowOfKey(event.key, { at, count: steps.length, scroller: scroller.current, rowPx: ROW_PX });
    if (to !== null) go(to);
    else if (event.key === 'Escape' && selected !== null) onPick(null);
    else return;
    event.preventDefault();
    event.stopPropagation();
  };
  const inView = at >= 0 && virtual.items.some((item) => item.index === at);
  return (
    <div
      class="step-list grid"
      ref={scroller}
      role="grid"
      aria-label="Steps"
      aria-rowcount={steps.length + 1}
      aria-activedescendant={inView ? `step-row-${at}` : undefined}
      tabIndex={0}
      onKeyDown={onKeyDown}
      onClick={(event) => {
        const row = event.target instanceof Element ? event.target.closest<HTMLElement>('[data-step]') : null;
        if (row) onPick(Number(row.dataset.step));
      }}
    >
      <div class="grid-body" role="presentation" style={{ height: `${virtual.totalPx}px` }}>
        <div class="grid-row head" role="row" aria-rowindex={1}>
          <div class="cell numeric" role="columnheader">
            Time
          </div>
          <div class="cell numeric" role="columnheader">
            Took
          </div>
          <div class="cell" role="columnheader">
            Step
          </div>
          <div class="cell" role="columnheader">
            Detail
          </div>
        </div>
        {virtual.items.map((item) => {
          const step = steps[item.index];
          return (
            step && (
              <StepRow
                key={item.index}
                step={step}
                took={step.toMs === null ? null : step.toMs - step.atMs}
                index={item.index}
                topPx={item.start}
                startedAtMs={story.fromMs}
                selected={item.index === selected}
              />
            )
          );
        })}
      </div>
    </div>
  );
}

interface StepRowProps {
  step: Step;
  took: number | null;
  index: number;
  topPx: number;
  startedAtMs: number;
  selected: boolean;
}

const StepRow = memo(function StepRow({ step, took, index, topPx, startedAtMs, selected }: StepRowProps) {
  const { what, detail, direction } = stepWords(step);
  return (
    <div
      class={`grid-row ${step.tone}${selected ? ' selected' : ''}`}
      role="row"
      id={`step-row-${index}`}
      data-step={index}
      aria-rowindex={index + 2}
      aria-selected={selected}
      style={{ transform: `translateY(${topPx}px)` }}
    >
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
    </div>
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
