# Makes this Windows machine trust the container registry @HOST@. In a PowerShell of an administrator:
#
#   irm http://…/ca/install.ps1 | iex
#   & ([scriptblock]::Create((irm http://…/ca/install.ps1))) -Fingerprint <the one that `berth ca show` prints>
#   & ([scriptblock]::Create((irm http://…/ca/install.ps1))) -Uninstall
param([string]$Fingerprint = '', [switch]$Uninstall, [switch]$DryRun)
$ErrorActionPreference = 'Stop'
$registry = '@HOST@'
$known = '@FINGERPRINT@'
$pem = @'
@ROOT@
'@

function Get-Plain([string]$text) { ($text -replace '[:\s]', '').ToUpperInvariant() }

$bytes = [Convert]::FromBase64String((($pem -split "`n") -notmatch '-----' -join '').Trim())
$certificate = [System.Security.Cryptography.X509Certificates.X509Certificate2]::new($bytes)
$sha256 = [System.Security.Cryptography.SHA256]::Create()
$actual = [BitConverter]::ToString($sha256.ComputeHash($bytes)) -replace '-', ''
if ($actual -ne (Get-Plain $known)) { throw 'this script is damaged: its certificate has another fingerprint' }
if ($Fingerprint -ne '' -and $actual -ne (Get-Plain $Fingerprint)) {
  throw "the fingerprint is $known and not the one that you gave: nothing was changed"
}

$store = [System.Security.Cryptography.X509Certificates.X509Store]::new('Root', 'LocalMachine')
Write-Host "Fingerprint (SHA-256) of the authority of ${registry}: $known"
if ($DryRun) { Write-Host 'Nothing was changed (-DryRun).'; return }
$store.Open('ReadWrite')
try {
  if ($Uninstall) {
    $store.Remove($certificate)
    Write-Host 'The authority was taken out of Cert:\LocalMachine\Root.'
  } else {
    $store.Add($certificate)
    Write-Host 'The authority was added to Cert:\LocalMachine\Root. Restart Docker Desktop, so that it reads the store again.'
  }
} finally { $store.Close() }
