package faults

import (
	"fmt"
	"io"
	"net"
	"net/url"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/hpsearch/hpsearch/storage/dbtest"
)

// A cable is a network of two ends: that of this process, and a network
// namespace in which a worker is run.
type cable struct {
	t         *testing.T
	namespace string
	end       string // the name of this end
	address   string // of this end
}

// newCable lays a cable; that takes root.
func newCable(t *testing.T) *cable {
	t.Helper()
	id := os.Getpid() % 10000
	c := &cable{t: t, namespace: fmt.Sprint("hpsearch", id), end: fmt.Sprint("hps", id, "a"), address: fmt.Sprintf("10.%d.%d.1", 100+id/250, id%250)}
	there := fmt.Sprint("hps", id, "b")
	if out, err := exec.Command("ip", "netns", "add", c.namespace).CombinedOutput(); err != nil {
		t.Skipf("a network of its own takes ip and root: %v: %s", err, out)
	}
	t.Cleanup(func() { c.ip("netns", "del", c.namespace) }) // with the cable in it
	// Root of a chroot or of a container may make one, and yet run nothing in it.
	if out, err := exec.Command("ip", "netns", "exec", c.namespace, "true").CombinedOutput(); err != nil {
		t.Skipf("nothing can be run in a network of its own here: %v: %s", err, out)
	}
	c.ip("link", "add", c.end, "type", "veth", "peer", "name", there)
	c.ip("link", "set", there, "netns", c.namespace)
	c.ip("addr", "add", c.address+"/24", "dev", c.end)
	c.ip("link", "set", c.end, "up")
	c.ip("-n", c.namespace, "addr", "add", strings.TrimSuffix(c.address, "1")+"2/24", "dev", there)
	c.ip("-n", c.namespace, "link", "set", there, "up")
	c.ip("-n", c.namespace, "link", "set", "lo", "up")
	return c
}

func (c *cable) ip(args ...string) {
	c.t.Helper()
	if out, err := exec.Command("ip", args...).CombinedOutput(); err != nil {
		c.t.Errorf("ip %s: %v: %s", strings.Join(args, " "), err, out)
	}
}

// cut takes the cable apart, and mends it: packets are lost without a word.
func (c *cable) cut()  { c.ip("link", "set", c.end, "down") }
func (c *cable) mend() { c.ip("link", "set", c.end, "up") }

// relay listens at this end and passes connections on to a local port. It
// returns its own port.
func (c *cable) relay(port int) int {
	c.t.Helper()
	listener, err := (&net.ListenConfig{}).Listen(c.t.Context(), "tcp", net.JoinHostPort(c.address, "0"))
	if err != nil {
		c.t.Fatal(err)
	}
	c.t.Cleanup(func() { listener.Close() })
	go func() {
		for {
			near, err := listener.Accept()
			if err != nil {
				return
			}
			far, err := net.Dial("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
			if err != nil {
				near.Close()
				continue
			}
			for _, pair := range [][2]net.Conn{{near, far}, {far, near}} {
				go func() {
					_, _ = io.Copy(pair[0], pair[1])
					pair[0].Close()
				}()
			}
		}
	}()
	return listener.Addr().(*net.TCPAddr).Port
}

// TestNetworkCut cuts a worker off from the database for longer than its
// lease. It stops its trial before another worker takes the trial over, and
// goes on when the network is back.
func TestNetworkCut(t *testing.T) {
	t.Parallel()
	server, err := dbtest.Shared(dbtest.PostgreSQL)
	if err != nil {
		dbtest.Missing(t, err)
	}
	cable := newCable(t)
	near := dbtest.Database(t, dbtest.PostgreSQL)
	far, err := url.Parse(near)
	if err != nil {
		t.Fatal(err)
	}
	far.Host = net.JoinHostPort(cable.address, strconv.Itoa(cable.relay(server.Port())))

	for range choose(1, 4) {
		cutOff(t, cable, near, far.String())
	}
}

// cutOff runs a study with a worker far away, which is cut off, and another
// one near by. near and far are the URLs of the database at both.
func cutOff(t *testing.T, cable *cable, near, far string) {
	c := newCrew(t, t.TempDir(), near, plan{trials: 4, steps: 60, pace: 10, lease: 3 * time.Second})
	cmd := c.command("worker", "s", "--data", c.data(), "--lease", c.lease.String())
	cmd.Args = append([]string{"ip", "netns", "exec", cable.namespace}, cmd.Args...)
	cmd.Env = append(cmd.Env, "HPSEARCH_STORAGE="+far)
	var err error
	if cmd.Path, err = exec.LookPath("ip"); err != nil {
		t.Fatal(err)
	}
	away := c.start(cmd)
	at := c.feed.await(t, "a step of the worker that is far away", func(e event) bool { return e.Step == 10 })
	cable.cut()
	began := time.Now()
	left := fmt.Sprintf("trial %d  left: ", at.Number)
	eventually(t, "the worker gives its trial up", func() bool { return strings.Contains(away.log.String(), left) })
	if took := time.Since(began); took >= c.lease {
		t.Errorf("the trial was given up %s after the cut, later than its lease of %s", took, c.lease)
	}
	here := c.worker()
	eventually(t, "another worker takes the trial over", func() bool {
		return strings.Contains(here.log.String(), fmt.Sprintf("trial %d  goes on, attempt 2", at.Number))
	})
	cable.mend()
	c.finish()
	c.verdict(0)
	c.hpsearch("study", "delete", "s", "--yes")
}
