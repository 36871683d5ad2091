// A TCP proxy that can be switched off, in the place of a database that goes away.
import { connect, createServer } from "node:net";

export async function startProxy(host, port) {
  const sockets = new Set();
  let server;
  let own = 0;
  const proxy = {
    get port() {
      return own;
    },
    async up() {
      server = createServer((client) => {
        const upstream = connect(port, host);
        for (const [socket, other] of [[client, upstream], [upstream, client]]) {
          sockets.add(socket);
          socket.pipe(other);
          socket.on("error", () => other.destroy());
          socket.on("close", () => {
            sockets.delete(socket);
            other.destroy();
          });
        }
      });
      await new Promise((resolve, reject) => {
        server.once("error", reject);
        server.listen(own, "127.0.0.1", resolve);
      });
      own = server.address().port;
    },
    async down() {
      const closed = new Promise((resolve) => server.close(resolve));
      sockets.forEach((socket) => socket.destroy());
      await closed;
    },
  };
  await proxy.up();
  return proxy;
}
