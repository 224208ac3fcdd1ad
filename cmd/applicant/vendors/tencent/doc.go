// Package tencent simulates the Tencent Cloud services the console uses: FaceID (DetectAuth, GetDetectInfoEnhanced and
// the face page a phone opens), the carriers' three-factor check (PhoneVerification), and SMS (SendSms and
// PullSmsSendStatusByPhoneNumber).
//
// Every call must carry a valid TC3-HMAC-SHA256 signature; refusals have the cloud's own shape, HTTP 200 with
// {"Response":{"Error":{"Code","Message"},"RequestId"}}. Written from the public API documents
// (cloud.tencent.com/document/product/1007 and /382).
package tencent
