import { render } from 'preact';

render(<p>Streamgauge</p>, document.querySelector('#app')!);
