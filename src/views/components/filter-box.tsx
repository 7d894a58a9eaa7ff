import { useState } from 'preact/hooks';
import { suggest } from '../model/filter';
import { useModel } from './context';
import { Icon } from './icons';

/** The filter line with its suggestions: an ARIA combobox. */
export function FilterBox() {
  const model = useModel();
  const text = model.filterText.value;
  const problems = model.filter.value.problems;
  const [open, setOpen] = useState(false);
  const [active, setActive] = useState(-1);
  const [caret, setCaret] = useState(0);
  const list = open
    ? suggest(text, caret, [
        ...model.rows.value,
        ...model.groups.value.filter((one) => one.members.length > 1),
      ])
    : [];
  const shown = open && list.length > 0;

  const edit = (line: string, at: number) => {
    model.filterText.value = line;
    setCaret(at);
    setActive(-1);
    setOpen(true);
  };
  const take = (index: number, field: HTMLInputElement) => {
    const suggestion = list[index];
    if (!suggestion) return;
    edit(suggestion.line, suggestion.line.length);
    field.value = suggestion.line;
    field.setSelectionRange(suggestion.line.length, suggestion.line.length);
  };
  const onKeyDown = (event: KeyboardEvent & { currentTarget: HTMLInputElement }) => {
    const field = event.currentTarget;
    if (event.key === 'ArrowDown') {
      if (!open) edit(text, field.selectionStart ?? text.length);
      else setActive(Math.min(active + 1, list.length - 1));
    } else if (event.key === 'ArrowUp') setActive(Math.max(active - 1, -1));
    else if (event.key === 'Enter' && shown && active >= 0) take(active, field);
    else if (event.key === 'Tab' && shown && active >= 0) take(active, field);
    else if (event.key === 'Escape' && shown) setOpen(false);
    else if (event.key === 'Escape' && text) edit('', 0);
    else return;
    event.preventDefault();
    event.stopPropagation();
  };
  return (
    <div class={`filter-box${problems.length > 0 ? ' invalid' : ''}`}>
      <Icon name="filter" />
      <input
        id="filter"
        type="text"
        role="combobox"
        spellcheck={false}
        autocomplete="off"
        placeholder="Filter"
        aria-label="Filter streams by text, kind:, host:, finding:, severity: or is:open"
        title="Text, or kind: host: finding: severity: is:open method: status: protocol:. A minus in front excludes."
        aria-expanded={shown}
        aria-controls="filter-list"
        aria-autocomplete="list"
        aria-activedescendant={shown && active >= 0 ? `filter-option-${active}` : undefined}
        aria-invalid={problems.length > 0}
        aria-describedby={problems.length > 0 ? 'filter-problem' : undefined}
        value={text}
        onInput={(event) => edit(event.currentTarget.value, event.currentTarget.selectionStart ?? 0)}
        onFocus={(event) => {
          setCaret(event.currentTarget.selectionStart ?? 0);
          setOpen(true);
        }}
        onBlur={() => setOpen(false)}
        onKeyDown={onKeyDown}
      />
      {text && (
        <button
          type="button"
          class="icon-button"
          aria-label="Clear the filter"
          title="Clear the filter"
          onClick={() => edit('', 0)}
        >
          <Icon name="close" />
        </button>
      )}
      {problems.length > 0 && (
        <span id="filter-problem" class="filter-problem" role="status">
          {problems.join('; ')}
        </span>
      )}
      <div id="filter-list" class="popup list" role="listbox" aria-label="Suggestions" hidden={!shown}>
        {list.map((suggestion, index) => (
          <div
            key={suggestion.label}
            id={`filter-option-${index}`}
            role="option"
            tabIndex={-1}
            aria-selected={index === active}
            class="option"
            // The field would lose focus, and with it the list, before a click arrived.
            onMouseDown={(event) => {
              event.preventDefault();
              const field = event.currentTarget.closest('.filter-box')?.querySelector('input');
              if (field) take(index, field);
            }}
          >
            <span class="option-label">{suggestion.label}</span>
            <span class="option-hint">{suggestion.hint}</span>
          </div>
        ))}
      </div>
    </div>
  );
}
