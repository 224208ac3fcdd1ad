package paper

import (
	"bytes"
	"fmt"
	"image/jpeg"
	"strings"
)

// PDF makes a file that shows one JPEG on each page, 210 mm wide, as a scanner's "scan to PDF" does (PDF 32000-1, 7.5).
func PDF(pictures ...[]byte) ([]byte, error) {
	const width = 595 // points
	var kids []string
	objects := []string{"<< /Type /Catalog /Pages 2 0 R >>", ""}
	for _, picture := range pictures {
		size, err := jpeg.DecodeConfig(bytes.NewReader(picture))
		if err != nil {
			return nil, fmt.Errorf("read page: %w", err)
		}
		n := len(objects) + 1
		height := width * size.Height / size.Width
		content := fmt.Sprintf("q %d 0 0 %d 0 0 cm /Im Do Q", width, height)
		kids = append(kids, fmt.Sprintf("%d 0 R", n))
		objects = append(objects,
			fmt.Sprintf("<< /Type /Page /Parent 2 0 R /MediaBox [0 0 %d %d] /Contents %d 0 R /Resources << /XObject << /Im %d 0 R >> >> >>", width, height, n+1, n+2),
			fmt.Sprintf("<< /Length %d >>\nstream\n%s\nendstream", len(content), content),
			fmt.Sprintf("<< /Type /XObject /Subtype /Image /Width %d /Height %d /ColorSpace /DeviceRGB /BitsPerComponent 8 /Filter /DCTDecode /Length %d >>\nstream\n%s\nendstream",
				size.Width, size.Height, len(picture), picture),
		)
	}
	objects[1] = fmt.Sprintf("<< /Type /Pages /Kids [%s] /Count %d >>", strings.Join(kids, " "), len(kids))

	var out bytes.Buffer
	out.WriteString("%PDF-1.4\n%\xe2\xe3\xcf\xd3\n")
	offsets := make([]int, len(objects))
	for i, o := range objects {
		offsets[i] = out.Len()
		fmt.Fprintf(&out, "%d 0 obj\n%s\nendobj\n", i+1, o)
	}
	table := out.Len()
	fmt.Fprintf(&out, "xref\n0 %d\n0000000000 65535 f \n", len(objects)+1)
	for _, at := range offsets {
		fmt.Fprintf(&out, "%010d 00000 n \n", at)
	}
	fmt.Fprintf(&out, "trailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n", len(objects)+1, table)
	return out.Bytes(), nil
}
