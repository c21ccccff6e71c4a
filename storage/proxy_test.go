package storage

import (
	"io"
	"net"
	"sync"
	"sync/atomic"
	"testing"
)

// proxy stands between a store and its server and can cut a connection after
// the server did what it was told and before the store hears of it.
type proxy struct {
	listener net.Listener
	target   string
	answers  atomic.Int64 // until the cut; 0: none is planned
	cuts     atomic.Int64

	mu    sync.Mutex
	conns []net.Conn
}

func newProxy(t *testing.T, target string) *proxy {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &proxy{listener: l, target: target}
	var done sync.WaitGroup
	done.Go(func() {
		for {
			client, err := l.Accept()
			if err != nil {
				return
			}
			done.Go(func() { p.serve(client) })
		}
	})
	t.Cleanup(func() {
		l.Close()
		p.mu.Lock()
		for _, c := range p.conns {
			c.Close()
		}
		p.mu.Unlock()
		done.Wait()
	})
	return p
}

// addr is where the store finds the proxy.
func (p *proxy) addr() string { return p.listener.Addr().String() }

// cutAfter lets the n-th answer from now on be lost with its connection.
func (p *proxy) cutAfter(n int) { p.answers.Store(int64(n)) }

// serve passes on what one client and its server say.
func (p *proxy) serve(client net.Conn) {
	defer client.Close()
	server, err := net.Dial("tcp", p.target)
	if err != nil {
		return
	}
	defer server.Close()
	p.mu.Lock()
	p.conns = append(p.conns, client, server)
	p.mu.Unlock()
	go func() {
		_, _ = io.Copy(server, client) // ends with either connection
		server.Close()
	}()
	buffer := make([]byte, 64<<10)
	for {
		n, err := server.Read(buffer)
		if err != nil {
			return
		}
		if p.answers.Load() > 0 && p.answers.Add(-1) == 0 {
			p.cuts.Add(1)
			return
		}
		if _, err := client.Write(buffer[:n]); err != nil {
			return
		}
	}
}
