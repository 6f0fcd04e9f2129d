package registry

import (
	"context"
	"time"

	"github.com/nehrbridge/nehrbridge/config/database"
	"github.com/nehrbridge/nehrbridge/config/qr"
)

// CardRequest asks for what is printed on a card.
type CardRequest struct {
	Place
	Receipt string `json:"receipt"`
}

// Card is what is printed beside the number.
type Card struct {
	Code    string    `json:"code"` // ABCD-EFGH
	Expires time.Time `json:"expires"`
	QR      qr.Code   `json:"qr"` // of the code, without a margin
}

// Card makes a new claim code for the number of a receipt; a card that was printed
// before opens nothing any more.
func (s *Service) Card(ctx context.Context, who Caller, r CardRequest) (*Card, error) {
	if err := s.may(ctx, who, r.Place); err != nil {
		return nil, err
	}
	var number string
	err := s.write(ctx, func(tx database.Tx) error {
		found, err := database.Row(tx, `SELECT number FROM phn_receipt
			WHERE id = ?1 AND actor = ?2 AND route = ?3 AND program = ?4 AND org_unit = ?5 AND until > ?6`,
			[]any{idOf(r.Receipt), who.User, who.Route, r.Program, r.OrgUnit, s.config.Now().Unix()}, &number)
		if err != nil {
			return err
		}
		if !found {
			return refuse(CodeReceipt, "unknown, over, or another's")
		}
		return s.audit(tx, who, r.Place, "card", number, "")
	})
	if err != nil {
		return nil, err
	}
	code, expires, err := s.claims.Issue(ctx, number)
	if err != nil {
		return nil, unavailable("a claim code cannot be made", err)
	}
	drawn, err := qr.Draw(code, 0)
	if err != nil {
		return nil, refuse(CodeInternal, "a QR code cannot be drawn")
	}
	return &Card{Code: code, Expires: expires, QR: drawn}, nil
}
