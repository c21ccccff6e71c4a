package setting

import (
	"fmt"
	"strconv"
	"strings"
)

// A DeviceKind names a sort of device.
type DeviceKind string

// The sorts of device.
const (
	DeviceAuto DeviceKind = "auto" // CUDA where there is a device, else the CPU
	DeviceCPU  DeviceKind = "cpu"
	DeviceCUDA DeviceKind = "cuda"
)

var deviceForms = []string{"auto", "cpu", "cuda", "cuda:N"}

// A Device is where a trainer computes.
type Device struct {
	Kind  DeviceKind
	Index int // of DeviceCUDA, from 0
}

// ParseDevice reads auto, cpu, cuda (which is cuda:0) or cuda:N.
func ParseDevice(s string) (Device, error) {
	switch k := DeviceKind(s); k {
	case DeviceAuto, DeviceCPU, DeviceCUDA:
		return Device{Kind: k}, nil
	}
	if digits, ok := strings.CutPrefix(s, "cuda:"); ok {
		if n, err := strconv.Atoi(digits); err == nil && strconv.Itoa(n) == digits && n >= 0 {
			return Device{Kind: DeviceCUDA, Index: n}, nil
		}
	}
	return Device{}, fmt.Errorf("unknown device %q: use %s, with N counted from 0", s, strings.Join(deviceForms, ", "))
}

// String returns what ParseDevice reads.
func (d Device) String() string {
	if d.Kind == DeviceCUDA {
		return "cuda:" + strconv.Itoa(d.Index)
	}
	return string(d.Kind)
}
