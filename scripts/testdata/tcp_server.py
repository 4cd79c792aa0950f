import socket, sys, threading, time
def tcplink(conn, addr):
    print('Accept new connection from %s:%s' % addr, flush=True)
    conn.send(b'Welcome!')
    while True:
        data = conn.recv(1024)
        time.sleep(1)
        if not data or data == b'exit':
            break
        conn.send(b'Hello,' + data + b'!')
    conn.close()
    print('Connection from %s:%s closed.' % addr, flush=True)
s = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
s.bind(('127.0.0.1', int(sys.argv[1])))
s.listen(5)
while True:
    conn, addr = s.accept()
    threading.Thread(target=tcplink, args=(conn, addr), daemon=True).start()
