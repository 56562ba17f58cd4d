package vm

import (
	"lsmlab/powerfail/vm/dm"
	"lsmlab/powerfail/vm/wire"
)

// mappedName is the device-mapper device between file system and disk.
const mappedName = "cut"

// mapDevice puts a device-mapper device over the disk that changes nothing yet,
// and returns its path.
func mapDevice(m *machine, fs fileSystem) (path string, err error) {
	r, err := m.do(wire.Request{Map: &wire.Map{
		Name: mappedName, Sectors: sectors(fs), Target: "linear", Params: dataDevice + " 0",
	}})
	return r.Path, err
}

func sectors(fs fileSystem) uint64 { return uint64(fs.size / dm.SectorSize) }

// flakey switches the device to dm-flakey. The device is down for 100,000 seconds, longer than
// machineLimit, and meanwhile behaves as the features say.
func flakey(m *machine, fs fileSystem, features string) error {
	_, err := m.do(wire.Request{Remap: &wire.Map{
		Name: mappedName, Sectors: sectors(fs), Target: "flakey", Params: dataDevice + " 0 0 100000 " + features,
	}})
	return err
}

func flakeyDrop(m *machine, fs fileSystem) error { return flakey(m, fs, "1 drop_writes") }

func flakeyError(m *machine, fs fileSystem) error { return flakey(m, fs, "1 error_writes") }

// flakeyCorrupt makes byte 32 of each write 0xff, whatever the kind of write.
func flakeyCorrupt(m *machine, fs fileSystem) error {
	return flakey(m, fs, "5 corrupt_bio_byte 32 w 255 0")
}

// flushError puts QEMU's fault injection under the disk: from now on each flush
// fails with EIO, while reads and writes go on.
func flushError(m *machine, _ fileSystem) error {
	const fault, errEIO = "fault", 5
	err := m.monitor("blockdev-add", map[string]any{
		"driver": "blkdebug", "node-name": fault, "image": dataDisk + sourceSuffix,
		"inject-error": []any{map[string]any{"event": "none", "iotype": "flush", "errno": errEIO}},
	})
	if err != nil {
		return err
	}
	return m.monitor("blockdev-reopen", map[string]any{
		"options": []any{map[string]any{"driver": "raw", "node-name": dataDisk, "file": fault}},
	})
}
