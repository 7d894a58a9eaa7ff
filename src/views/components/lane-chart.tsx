import { useEffect, useLayoutEffect, useMemo, useRef, useState } from 'preact/hooks';
import { formatOffset } from '../format';
import { type Lane, type Mark, type Story, stepAt, type Tone } from '../model/session-story';
import { stepWords } from '../model/step-words';
import { axisTicks, formatAxisMs, panned, type Span, within, zoomed } from '../model/time-range';
import { useWidth } from './use-width';
import { ZoomTools, zoomKeys } from './zoom-tools';

const LABEL_PX = 78;
const LANE_PX = 22;
const CURVE_PX = 40;
const TOP_PX = 18;
const AXIS_PX = 18;
/** Room for the last label of the axis. */
const RIGHT_PX = 14;
/** A drag shorter than this is a click. */
const DRAG_PX = 6;
const PICK_PX = 6;

export interface LaneChartProps {
  story: Story;
  /** What it shows, for those who cannot see it. */
  summary: string;
  selected: number | null;
  onPick(step: number): void;
}

/**
 * One time axis with a lane for each kind of thing. Drawn by hand: marks are merged where they would share a pixel, so
 * that a lane of ten thousand packets costs no more than its width.
 */
export function LaneChart({ story, summary, selected, onPick }: LaneChartProps) {
  const frame = useRef<HTMLDivElement>(null);
  const widthPx = useWidth(frame);
  const [range, setRange] = useState<Span | null>(null);
  const [drag, setDrag] = useState<{ fromPx: number; toPx: number } | null>(null);
  const [hover, setHover] = useState<{ step: number; xPx: number; yPx: number } | null>(null);
  const press = useRef<{ xPx: number; pan: Span | null } | null>(null);
  const whole: Span = { fromMs: story.fromMs, toMs: story.toMs };
  const span = (range && within(range, whole)) ?? whole;
  const plotPx = Math.max(60, widthPx - LABEL_PX - RIGHT_PX);
  const scale = useMemo(() => new Scale(span, LABEL_PX, plotPx), [span.fromMs, span.toMs, plotPx]);
  const tops = laneTops(story.lanes);
  const heightPx = (tops.at(-1) ?? TOP_PX) + AXIS_PX;
  const bottomPx = heightPx - AXIS_PX;

  const zoomBy = (factor: number, aroundMs = (span.fromMs + span.toMs) / 2) =>
    setRange(zoomed(span, whole, factor, aroundMs));
  const tools = {
    zoom: (factor: number) => zoomBy(factor),
    pan: (part: number) => setRange(panned(span, whole, part)),
    reset: () => setRange(null),
  };
  // Preact's own wheel listener would be passive, and the page would zoom as well.
  const onWheel = useRef<(event: WheelEvent) => void>(() => undefined);
  onWheel.current = (event) => {
    if (!event.ctrlKey || !frame.current) return;
    event.preventDefault();
    const box = frame.current.getBoundingClientRect();
    zoomBy(event.deltaY < 0 ? 1.25 : 0.8, scale.timeAt(event.clientX - box.left));
  };
  useEffect(() => {
    const listen = (event: WheelEvent) => onWheel.current(event);
    const element = frame.current;
    element?.addEventListener('wheel', listen, { passive: false });
    return () => element?.removeEventListener('wheel', listen);
  }, []);
  // What was chosen in the list is brought into view.
  const step = selected === null ? undefined : story.steps[selected];
  useLayoutEffect(() => {
    if (!step || !range) return;
    if (step.atMs >= span.fromMs && step.atMs <= span.toMs) return;
    const half = (span.toMs - span.fromMs) / 2;
    setRange(within({ fromMs: step.atMs - half, toMs: step.atMs + half }, whole));
  }, [selected]);

  const find = (xPx: number, yPx: number): number => {
    if (xPx < LABEL_PX) return -1;
    const at = scale.timeAt(xPx);
    const slackMs = PICK_PX / scale.pxPerMs;
    if (yPx < TOP_PX) {
      const near = story.landmarks.find((one) => Math.abs(one.atMs - at) <= slackMs * 2);
      return near?.step ?? -1;
    }
    const index = story.lanes.findIndex((_, lane) => yPx >= (tops[lane] ?? 0) && yPx < (tops[lane + 1] ?? 0));
    const lane = story.lanes[index];
    return lane ? stepAt(lane, at, slackMs) : -1;
  };
  const placeOf = (event: PointerEvent & { currentTarget: HTMLElement }) => {
    const box = event.currentTarget.getBoundingClientRect();
    return { xPx: event.clientX - box.left, yPx: event.clientY - box.top };
  };
  const onPointerMove = (event: PointerEvent & { currentTarget: HTMLElement }) => {
    const { xPx, yPx } = placeOf(event);
    const held = press.current;
    if (!held) {
      const found = find(xPx, yPx);
      setHover(found < 0 ? null : { step: found, xPx, yPx });
      return;
    }
    if (held.pan) {
      const part = (held.xPx - xPx) / plotPx;
      setRange(panned(held.pan, whole, part));
    } else if (Math.abs(xPx - held.xPx) >= DRAG_PX || drag) setDrag({ fromPx: held.xPx, toPx: xPx });
  };
  const onPointerUp = (event: PointerEvent & { currentTarget: HTMLElement }) => {
    const held = press.current;
    press.current = null;
    if (drag) {
      const [from, to] = [scale.timeAt(drag.fromPx), scale.timeAt(drag.toPx)].sort((a, b) => a - b);
      setRange(within({ fromMs: from ?? span.fromMs, toMs: to ?? span.toMs }, span) ?? range);
      setDrag(null);
    } else if (held && !held.pan) {
      const { xPx, yPx } = placeOf(event);
      const found = find(xPx, yPx);
      if (found >= 0) onPick(found);
    }
  };
  return (
    <figure class="lanes">
      <figcaption>
        <span class="plot-note">
          {range
            ? `${formatOffset(span.fromMs - story.fromMs)} to ${formatOffset(span.toMs - story.fromMs)}`
            : 'Drag to zoom, Ctrl and wheel to zoom, Shift and drag to move. Click to select.'}
        </span>
        <ZoomTools zoomed={range !== null} {...tools} />
      </figcaption>
      <div
        class="lane-area"
        ref={frame}
        tabIndex={0}
        role="group"
        aria-label="Session on a time axis: plus and minus zoom, arrows move, 0 resets. The list below has the same steps"
        style={{ height: `${heightPx}px` }}
        onKeyDown={zoomKeys(tools)}
        onPointerDown={(event) => {
          if (event.button !== 0) return;
          event.currentTarget.setPointerCapture(event.pointerId);
          press.current = { xPx: placeOf(event).xPx, pan: event.shiftKey ? span : null };
          setHover(null);
        }}
        onPointerMove={onPointerMove}
        onPointerUp={onPointerUp}
        onPointerCancel={() => {
          press.current = null;
          setDrag(null);
        }}
        onPointerLeave={() => setHover(null)}
      >
        <svg width={Math.max(widthPx, 1)} height={heightPx} role="img" aria-label={summary}>
          <defs>
            <clipPath id="lane-clip">
              <rect x={LABEL_PX} y={0} width={plotPx + 1} height={heightPx} />
            </clipPath>
          </defs>
          {story.lanes.map((lane, index) => (
            <g key={lane.id}>
              <path class="lane-line" d={`M0 ${(tops[index + 1] ?? 0) - 0.5}H${LABEL_PX + plotPx}`} />
              <text class="lane-label" x={2} y={((tops[index] ?? 0) + (tops[index + 1] ?? 0)) / 2 + 4}>
                {lane.label}
              </text>
            </g>
          ))}
          <Axis
            span={span}
            originMs={story.fromMs}
            scale={scale}
            plotPx={plotPx}
            topPx={TOP_PX}
            bottomPx={bottomPx}
          />
          <g clip-path="url(#lane-clip)">
            {story.away.map((one) => (
              <rect
                key={one.fromMs}
                class="lane-away"
                x={scale.px(one.fromMs)}
                y={TOP_PX}
                width={Math.max(1, scale.px(one.toMs) - scale.px(one.fromMs))}
                height={bottomPx - TOP_PX}
              />
            ))}
            {story.lanes.map((lane, index) => (
              <LaneMarks
                key={lane.id}
                lane={lane}
                scale={scale}
                topPx={tops[index] ?? 0}
                heightPx={(tops[index + 1] ?? 0) - (tops[index] ?? 0)}
              />
            ))}
            <Landmarks story={story} scale={scale} rightPx={LABEL_PX + plotPx} bottomPx={bottomPx} />
            {step && (
              <SelectedMark
                story={story}
                step={selected ?? -1}
                scale={scale}
                tops={tops}
                bottomPx={bottomPx}
              />
            )}
            {drag && (
              <rect
                class="lane-drag"
                x={Math.min(drag.fromPx, drag.toPx)}
                y={0}
                width={Math.abs(drag.toPx - drag.fromPx)}
                height={bottomPx}
              />
            )}
          </g>
        </svg>
        {hover && story.steps[hover.step] && (
          <Tip story={story} step={hover.step} xPx={hover.xPx} yPx={hover.yPx} widthPx={widthPx} />
        )}
      </div>
    </figure>
  );
}

/** Time to pixels, and back. */
class Scale {
  readonly pxPerMs: number;

  constructor(
    readonly span: Span,
    readonly leftPx: number,
    readonly widthPx: number,
  ) {
    this.pxPerMs = widthPx / Math.max(span.toMs - span.fromMs, Number.EPSILON);
  }

  px(atMs: number): number {
    return this.leftPx + (atMs - this.span.fromMs) * this.pxPerMs;
  }

  timeAt(px: number): number {
    return this.span.fromMs + (px - this.leftPx) / this.pxPerMs;
  }
}

function laneTops(lanes: readonly Lane[]): number[] {
  const tops = [TOP_PX];
  for (const lane of lanes) tops.push((tops.at(-1) ?? 0) + (lane.id === 'progress' ? CURVE_PX : LANE_PX));
  return tops;
}

interface AxisProps {
  span: Span;
  originMs: number;
  scale: Scale;
  plotPx: number;
  topPx: number;
  bottomPx: number;
}

function Axis({ span, originMs, scale, plotPx, topPx, bottomPx }: AxisProps) {
  const ticks = axisTicks(
    { fromMs: span.fromMs - originMs, toMs: span.toMs - originMs },
    Math.max(1, Math.floor(plotPx / 80)),
  );
  return (
    <g class="lane-axis">
      {ticks.map(({ atMs, stepMs }) => {
        const x = Math.round(scale.px(atMs + originMs)) + 0.5;
        return (
          <g key={atMs}>
            <path d={`M${x} ${topPx}V${bottomPx + 4}`} />
            <text x={x} y={bottomPx + 15} text-anchor={x < LABEL_PX + 12 ? 'start' : 'middle'}>
              {formatAxisMs(atMs, stepMs, span.toMs - span.fromMs)}
            </text>
          </g>
        );
      })}
    </g>
  );
}

interface LaneMarksProps {
  lane: Lane;
  scale: Scale;
  topPx: number;
  heightPx: number;
}

function LaneMarks({ lane, scale, topPx, heightPx }: LaneMarksProps) {
  if (lane.id === 'progress')
    return <ProgressLine lane={lane} scale={scale} topPx={topPx} heightPx={heightPx} />;
  const middle = topPx + heightPx / 2;
  const isLine = lane.id === 'session';
  const tall = isLine ? 4 : lane.id === 'state' ? 15 : 11;
  return (
    <>
      {mergedPieces(lane.marks, scale).map(({ fromPx, toPx, tone, label }) => {
        const key = `${fromPx} ${tone}`;
        const widthPx = toPx - fromPx;
        if (widthPx < TICK_PX) {
          const width = Math.max(1.5, widthPx);
          return (
            <rect key={key} class={`lane-tick ${tone}`} x={fromPx} y={middle - 6} width={width} height={12} />
          );
        }
        // A failure is told by its shape, and a short one by nothing else.
        const isShort = tone === 'bad' && !isLine && widthPx < CROSS_PX;
        return (
          <g key={key}>
            {!isShort && (
              <rect
                class={`lane-bar ${tone}${isLine ? ' thin' : ''}`}
                x={fromPx}
                y={middle - tall / 2}
                width={widthPx}
                height={tall}
                rx={1.5}
              />
            )}
            {label && (
              <BarLabel label={label} fromPx={Math.max(fromPx, LABEL_PX)} toPx={toPx} y={middle + 4} />
            )}
          </g>
        );
      })}
      {lane.marks
        .filter((mark) => mark.tone === 'bad' && !isLine && !mark.label)
        .slice(0, MOST_CROSSES)
        .map((mark) => {
          const [fromPx, toPx] = [scale.px(mark.fromMs), scale.px(mark.toMs)];
          const x = toPx - fromPx < CROSS_PX ? (fromPx + toPx) / 2 : toPx;
          return <path key={mark.step} class="lane-cross" d={`M${x - 3.5} ${middle - 3.5}l7 7m0 -7l-7 7`} />;
        })}
    </>
  );
}

/** The words in a bar; of "not found (404)" the number alone where there is little room, else nothing. */
function BarLabel({ label, fromPx, toPx, y }: { label: string; fromPx: number; toPx: number; y: number }) {
  const short = /\((\d+)\)$/.exec(label)?.[1];
  const text = [label, short].find((one) => one && toPx - fromPx > one.length * CHAR_PX + 8);
  return text ? (
    <text class="bar-label" x={fromPx + 5} y={y}>
      {text}
    </text>
  ) : null;
}

/** Width of a letter of the labels, about. */
const CHAR_PX = 6.4;

/** Under this width a bar is a tick; under the other one a failed bar is only its cross. */
const TICK_PX = 3;
const CROSS_PX = 14;
const MOST_CROSSES = 300;

interface Piece {
  fromPx: number;
  toPx: number;
  tone: Tone;
  label?: string | undefined;
}

/** Marks in view, those of one tone that would touch as one piece: never more than twice the pixels there are. */
function mergedPieces(marks: readonly Mark[], scale: Scale): Piece[] {
  const pieces: Piece[] = [];
  const leftPx = scale.leftPx - 4;
  const rightPx = scale.leftPx + scale.widthPx + 4;
  for (const mark of marks) {
    const fromPx = Math.max(leftPx, scale.px(mark.fromMs));
    if (fromPx > rightPx) break;
    const toPx = Math.min(rightPx, scale.px(mark.toMs));
    if (toPx < leftPx) continue;
    const last = pieces.at(-1);
    const isTick = toPx - fromPx < TICK_PX;
    if (
      last &&
      last.tone === mark.tone &&
      fromPx < last.toPx + 0.75 &&
      isTick === last.toPx - last.fromPx < TICK_PX &&
      isTick
    )
      last.toPx = Math.max(last.toPx, Math.min(toPx, last.fromPx + 2.9));
    // Bars side by side keep a hair between them.
    else
      pieces.push({
        fromPx,
        toPx: isTick ? toPx : Math.max(fromPx + 2, toPx - 1),
        tone: mark.tone,
        label: mark.label,
      });
  }
  return pieces;
}

function ProgressLine({ lane, scale, topPx, heightPx }: LaneMarksProps) {
  const y = (value: number) => topPx + heightPx - 5 - value * (heightPx - 10);
  let path = '';
  for (const mark of lane.marks) {
    const x = scale.px(mark.fromMs).toFixed(1);
    path += path === '' ? `M${x} ${y(mark.value ?? 0)}` : `H${x}V${y(mark.value ?? 0)}`;
  }
  return (
    <>
      <path class="lane-curve" d={path} />
      {lane.marks.slice(0, MOST_CROSSES).map((mark) => (
        <circle key={mark.step} class="lane-dot" cx={scale.px(mark.fromMs)} cy={y(mark.value ?? 0)} r={2.5} />
      ))}
    </>
  );
}

/** Lines through all lanes, with their words above where there is room. */
function Landmarks({
  story,
  scale,
  rightPx,
  bottomPx,
}: {
  story: Story;
  scale: Scale;
  rightPx: number;
  bottomPx: number;
}) {
  let freeFromPx = LABEL_PX;
  return (
    <>
      {story.landmarks.map((one) => {
        const x = Math.round(scale.px(one.atMs)) + 0.5;
        if (x < LABEL_PX - 1 || x > rightPx + 1) return null;
        const widthPx = one.label.length * CHAR_PX + 8;
        const left = x + widthPx > rightPx;
        const startPx = left ? x - widthPx : x;
        const fits = startPx >= freeFromPx;
        if (fits) freeFromPx = startPx + widthPx;
        return (
          <g key={one.step} class={`landmark ${one.tone}`}>
            <path d={`M${x} ${TOP_PX - 4}V${bottomPx}`} />
            {fits && (
              <text x={left ? x - 4 : x + 4} y={12} text-anchor={left ? 'end' : 'start'}>
                {one.label}
              </text>
            )}
          </g>
        );
      })}
    </>
  );
}

interface SelectedMarkProps {
  story: Story;
  step: number;
  scale: Scale;
  tops: readonly number[];
  bottomPx: number;
}

function SelectedMark({ story, step, scale, tops, bottomPx }: SelectedMarkProps) {
  const at = story.steps[step];
  if (!at) return null;
  const x = Math.round(scale.px(at.atMs)) + 0.5;
  return (
    <g class="lane-selected">
      <path d={`M${x} ${TOP_PX}V${bottomPx}`} />
      {story.lanes.map((lane, index) => {
        const marks = lane.id === 'session' ? [] : lane.marks.filter((mark) => mark.step === step);
        const [first] = marks;
        const last = marks.at(-1);
        if (!first || !last) return null;
        const fromPx = scale.px(first.fromMs);
        return (
          <rect
            key={lane.id}
            x={fromPx - 2}
            y={(tops[index] ?? 0) + 2.5}
            width={Math.max(5, scale.px(last.toMs) - fromPx + 4)}
            height={(tops[index + 1] ?? 0) - (tops[index] ?? 0) - 6}
            rx={2}
          />
        );
      })}
    </g>
  );
}

interface TipProps {
  story: Story;
  step: number;
  xPx: number;
  yPx: number;
  widthPx: number;
}

/** What lies under the pointer. The list below says the same to everybody else. */
function Tip({ story, step, xPx, yPx, widthPx }: TipProps) {
  const at = story.steps[step];
  if (!at) return null;
  const { what, detail } = stepWords(at);
  const right = xPx > widthPx * 0.6;
  return (
    <div
      class="lane-tip"
      aria-hidden="true"
      style={{ [right ? 'right' : 'left']: `${(right ? widthPx - xPx : xPx) + 10}px`, top: `${yPx + 14}px` }}
    >
      <strong>{what}</strong> {formatOffset(at.atMs - story.fromMs)}
      {detail && <span class="lane-tip-detail">{detail}</span>}
    </div>
  );
}
