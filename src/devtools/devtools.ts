chrome.devtools.panels.create('Streamgauge', 'icons/16.png', 'src/views/panel/panel.html');
