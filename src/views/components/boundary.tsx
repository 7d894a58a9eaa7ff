import { Component, type ComponentChildren } from 'preact';
import { EmptyState } from './empty-state';

interface Props {
  /** What is inside, for the message: "The Timing tab". */
  name: string;
  children: ComponentChildren;
}

/** Keeps a defect of one view from taking the others with it, and says so. */
export class Boundary extends Component<Props, { message: string | null }> {
  override state = { message: null };

  static override getDerivedStateFromError(error: unknown) {
    return { message: error instanceof Error ? error.message : String(error) };
  }

  override render() {
    if (this.state.message === null) return this.props.children;
    return (
      <EmptyState
        title={`${this.props.name} could not be drawn.`}
        action={
          <button type="button" class="pill" onClick={() => this.setState({ message: null })}>
            Try again
          </button>
        }
      >
        <p>
          This is a defect of Streamgauge, not of your page. The recording is whole: it can still be exported.
        </p>
        <p class="mono">{this.state.message}</p>
      </EmptyState>
    );
  }
}
