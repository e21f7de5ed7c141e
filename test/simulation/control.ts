/** A person at the control of a life: asks its server as over its socket, without one. */
import { IncomingMessage, type Server, ServerResponse } from 'node:http';
import { Socket } from 'node:net';

class Caught extends ServerResponse {
  text = '';

  override end(...given: unknown[]): this {
    this.text = String(given[0] ?? '');
    return this;
  }
}

/** The response is filled in by the end of the turn. */
export function ask(server: Server, method: 'GET' | 'POST', path: string, body?: unknown): Caught {
  const request = new IncomingMessage(new Socket());
  request.method = method;
  request.url = path;
  request.headers = { host: 'localhost' };
  request.push(body === undefined ? null : JSON.stringify(body));
  if (body !== undefined) request.push(null);
  request.complete = true;
  const response = new Caught(request);
  server.emit('request', request, response);
  return response;
}
