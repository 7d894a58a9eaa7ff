import { useEffect, useRef, useState } from 'preact/hooks';
import { copyText } from '../clipboard';
import { Icon } from './icons';

export interface CopyButtonProps {
  /** What is copied; asked for only on the click. */
  text: () => string | Promise<string>;
  /** Shown, or, with `small`, spoken only. */
  label: string;
  small?: boolean;
}

/** Copies, and says on itself whether that worked. */
export function CopyButton({ text, label, small = false }: CopyButtonProps) {
  const [outcome, setOutcome] = useState<'idle' | 'copied' | 'failed'>('idle');
  const timer = useRef<ReturnType<typeof setTimeout> | undefined>(undefined);
  useEffect(() => () => clearTimeout(timer.current), []);
  const copy = async () => {
    let copied = false;
    try {
      copied = await copyText(await text());
    } catch {
      copied = false;
    }
    setOutcome(copied ? 'copied' : 'failed');
    clearTimeout(timer.current);
    timer.current = setTimeout(() => setOutcome('idle'), 1600);
  };
  const said = outcome === 'copied' ? 'Copied' : outcome === 'failed' ? 'Copying failed' : label;
  return (
    <button
      type="button"
      class={small ? `icon-button copy ${outcome}` : `pill copy ${outcome}`}
      aria-label={small ? said : undefined}
      title={small ? label : undefined}
      onClick={copy}
    >
      {small ? (
        <Icon name="copy" />
      ) : (
        // Both texts take their room, so that the button keeps its width.
        <span class="swap">
          <span class={outcome === 'idle' ? '' : 'hidden'}>{label}</span>
          {outcome !== 'idle' && <span role="status">{said}</span>}
        </span>
      )}
    </button>
  );
}
