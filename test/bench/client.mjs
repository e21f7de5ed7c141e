/**
 * Another client of a Pusher server, as its users write it: `node client.mjs pusher-js|partysocket URL KEY CHATROOM,…`.
 * partysocket only keeps the socket: what its users subscribe, they subscribe at each opening.
 */
const [name, url, key, ids] = process.argv.slice(2);
const topics = ids.split(',').map((id) => `chatrooms.${id}.v2`);
process.on('SIGTERM', () => process.exit(0));

const clients = {
  async 'pusher-js'() {
    const { default: Pusher } = await import('pusher-js');
    const { hostname, port } = new URL(url);
    const pusher = new Pusher(key, {
      cluster: '',
      wsHost: hostname,
      wsPort: Number(port),
      forceTLS: false,
      enabledTransports: ['ws'],
      enableStats: false,
    });
    for (const topic of topics) pusher.subscribe(topic).bind_global(() => {});
  },
  async partysocket() {
    const { WebSocket: ReconnectingWebSocket } = await import('partysocket');
    const { WebSocket } = await import('ws');
    const socket = new ReconnectingWebSocket(`${url}/app/${key}?protocol=7`, [], { WebSocket });
    socket.addEventListener('error', () => {});
    socket.addEventListener('message', ({ data }) => {
      if (JSON.parse(data).event !== 'pusher:connection_established') return;
      for (const channel of topics) {
        socket.send(JSON.stringify({ event: 'pusher:subscribe', data: { auth: '', channel } }));
      }
    });
  },
};
await clients[name]();
