// A server that writes each whole request it reads as a line of JSON, and repeats method and
// target in its answer. Usage: node reader.js HOST PORT
const http = require('http');

const path = (target) => (target.startsWith('/') ? target : target.replace(/^[a-z]+:\/\/[^/]*/i, '') || '/');

const server = http.createServer((req, res) => {
  const pieces = [];
  req.on('data', (piece) => pieces.push(piece));
  req.on('end', () => {
    const target = path(req.url);
    const line = JSON.stringify({ Method: req.method, Target: target, Body: Buffer.concat(pieces).toString('latin1') });
    process.stdout.write(line + '\n', () => res.end(req.method + ' ' + target));
  });
});
server.keepAliveTimeout = 60000;
server.listen(Number(process.argv[3]), process.argv[2]);
