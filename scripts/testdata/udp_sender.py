import socket, sys
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
for data in [b'Michael', b'Tracy', b'Sarah']:
    s.sendto(data, ('127.0.0.1', int(sys.argv[1])))
    print(s.recvfrom(1024)[0].decode())
s.close()
