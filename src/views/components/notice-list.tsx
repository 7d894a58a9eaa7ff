import type { Notices } from '../model/notices';
import { Icon } from './icons';

/** Messages on show, each with its way out. */
export function NoticeList({ notices }: { notices: Notices }) {
  return (
    <>
      {notices.shown.value.map((notice) => (
        <div
          key={notice.id}
          class={`notice ${notice.tone}`}
          role={notice.tone === 'error' ? 'alert' : 'status'}
        >
          <span>{notice.text}</span>
          <span class="spacer" />
          <button
            type="button"
            class="icon-button"
            aria-label="Dismiss"
            title="Dismiss"
            onClick={() => notices.dismiss(notice.id)}
          >
            <Icon name="close" />
          </button>
        </div>
      ))}
    </>
  );
}
