package seal_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"caconsole/admin/seal"
)

func TestPersonName(t *testing.T) {
	for name, want := range map[string]bool{
		"王某某": true, "欧阳某某": true, "阿卜杜拉·买买提": true, "JOHN SMITH": true, "张 敏": true,
		"阳江市海陵湾检修服务有限公司": false, "财付通": false, "中国电信股份有限公司样例分公司": false, "某某水电站": false, "": false,
		"ACME CO., LTD": false, "昌江县棋子湾后勤服务": false, "123": false,
	} {
		require.Equal(t, want, seal.PersonName(name), name)
	}
}
