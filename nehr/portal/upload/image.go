package upload

import (
	"bytes"
	"image"
	"image/color"
	"image/draw"
	"image/jpeg"
	"image/png"
)

// quality of the JPEG that is written anew: what it loses nobody sees.
const quality = 92

func checkJPEG(data []byte) (File, error) {
	orientation, err := scanJPEG(data)
	if err != nil {
		return File{}, err
	}
	config, err := jpeg.DecodeConfig(bytes.NewReader(data))
	if err != nil {
		return File{}, err
	}
	if err := bounded(config); err != nil {
		return File{}, err
	}
	img, err := jpeg.Decode(bytes.NewReader(data))
	if err != nil {
		return File{}, err
	}
	img = turn(img, orientation)
	var out bytes.Buffer
	if err := jpeg.Encode(&out, img, &jpeg.Options{Quality: quality}); err != nil {
		return File{}, err
	}
	return File{JPEG, out.Bytes(), img.Bounds().Dx(), img.Bounds().Dy()}, nil
}

func checkPNG(data []byte) (File, error) {
	config, err := png.DecodeConfig(bytes.NewReader(data))
	if err != nil {
		return File{}, err
	}
	if err := bounded(config); err != nil {
		return File{}, err
	}
	img, err := png.Decode(bytes.NewReader(data))
	if err != nil {
		return File{}, err
	}
	var out bytes.Buffer
	if err := png.Encode(&out, img); err != nil {
		return File{}, err
	}
	return File{PNG, out.Bytes(), config.Width, config.Height}, nil
}

// bounded refuses an image by what it says of itself, before anything is decoded.
func bounded(c image.Config) error {
	if c.Width <= 0 || c.Height <= 0 {
		return refuse(Damaged)
	}
	if c.Width > maxSide || c.Height > maxSide || c.Width*c.Height > maxPixels || c.Width*c.Height*sizeOf(c.ColorModel) > maxMemory {
		return refuse(Pixels)
	}
	return nil
}

// sizeOf is how many bytes a decoder needs for a pixel.
func sizeOf(m color.Model) int {
	if _, palette := m.(color.Palette); palette {
		return 1
	}
	switch m {
	case color.GrayModel:
		return 1
	case color.Gray16Model:
		return 2
	case color.YCbCrModel:
		return 3
	case color.RGBA64Model, color.NRGBA64Model:
		return 8
	}
	return 4
}

// turn shows an image as the camera held it: orientation is that of EXIF (TIFF 6.0, tag
// 274), of which 1 is as it stands.
func turn(img image.Image, orientation int) image.Image {
	if orientation < 2 || orientation > 8 {
		return img
	}
	b := img.Bounds()
	from := image.NewRGBA(image.Rect(0, 0, b.Dx(), b.Dy()))
	draw.Draw(from, from.Bounds(), img, b.Min, draw.Src)
	w, h := b.Dx(), b.Dy()
	to := image.NewRGBA(image.Rect(0, 0, w, h))
	if orientation >= 5 {
		to = image.NewRGBA(image.Rect(0, 0, h, w))
	}
	for y := range h {
		for x := range w {
			u, v := x, y
			switch orientation {
			case 2:
				u = w - 1 - x
			case 3:
				u, v = w-1-x, h-1-y
			case 4:
				v = h - 1 - y
			case 5:
				u, v = y, x
			case 6:
				u, v = h-1-y, x
			case 7:
				u, v = h-1-y, w-1-x
			case 8:
				u, v = y, w-1-x
			}
			copy(to.Pix[to.PixOffset(u, v):][:4], from.Pix[from.PixOffset(x, y):][:4])
		}
	}
	return to
}
