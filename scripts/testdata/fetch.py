import socket, sys
s = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
s.connect(('localhost', int(sys.argv[1])))
s.send(('GET %s HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n' % sys.argv[2]).encode())
buffer = []
while True:
    d = s.recv(1024)
    if not d:
        break
    buffer.append(d)
s.close()
header, html = b''.join(buffer).split(b'\r\n\r\n', 1)
print(header.decode())
with open(sys.argv[3], 'wb') as f:
    f.write(html)
