package document

import (
	"bytes"
	"encoding/binary"
)

// JPEG markers (ITU-T T.81) and the EXIF tag that says how a camera was held (JEITA CP-3451, 4.6.4).
const (
	markerSOI       = 0xd8
	markerSOS       = 0xda
	markerAPP1      = 0xe1
	tagOrientation  = 0x0112
	exifEntrySize   = 12
	orientationNone = 1
)

// orientation reads the EXIF orientation of a JPEG, 1 to 8; 1 (upright) where there is none or it makes no sense.
func orientation(jpeg []byte) int {
	if len(jpeg) < 2 || jpeg[0] != 0xff || jpeg[1] != markerSOI {
		return orientationNone
	}
	for rest := jpeg[2:]; len(rest) >= 4 && rest[0] == 0xff && rest[1] != markerSOS; {
		length := int(binary.BigEndian.Uint16(rest[2:]))
		if length < 2 || 2+length > len(rest) {
			break
		}
		if tiff, ok := bytes.CutPrefix(rest[4:2+length], []byte("Exif\x00\x00")); ok && rest[1] == markerAPP1 {
			return tiffOrientation(tiff)
		}
		rest = rest[2+length:]
	}
	return orientationNone
}

func tiffOrientation(tiff []byte) int {
	if len(tiff) < 8 {
		return orientationNone
	}
	var order binary.ByteOrder
	switch string(tiff[:4]) {
	case "II*\x00":
		order = binary.LittleEndian
	case "MM\x00*":
		order = binary.BigEndian
	default:
		return orientationNone
	}
	at := int64(order.Uint32(tiff[4:]))
	if at+2 > int64(len(tiff)) {
		return orientationNone
	}
	entries := tiff[at+2:]
	for range order.Uint16(tiff[at:]) {
		if len(entries) < exifEntrySize {
			break
		}
		if order.Uint16(entries) == tagOrientation {
			if o := int(order.Uint16(entries[8:])); o >= 1 && o <= 8 {
				return o
			}
			break
		}
		entries = entries[exifEntrySize:]
	}
	return orientationNone
}
