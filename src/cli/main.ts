console.log('streamgauge');
